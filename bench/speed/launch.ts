/** Launch: the instructions for a client process, and its result. */

/** One client, one scenario, one round. Passed as JSON in the first argument. */
export interface Launch {
  readonly kind: string;
  readonly url: string;
  readonly connections: number;
  readonly warmMs: number;
  readonly runMs: number;
  /** How the body of the response is read. */
  readonly read: "text" | "bytes";
  /** The body length that every response must have. */
  readonly expected: number;
  /** Bytes streamed with each request; 0 for a GET. */
  readonly upload: number;
  /** The root certificate of the origin, as PEM. */
  readonly ca: string | undefined;
  /** Whether HTTP/2 is spoken, on one connection. `connections` is the number of streams then. */
  readonly http2: boolean;
}

/** One measurement. Printed as the last line. */
export interface Measured {
  /** Responses that were checked, those of the warm-up included. */
  readonly answers: number;
  /** Responses within the measured time. */
  readonly requests: number;
  readonly perSecond: number;
  /** CPU time per request, of all threads of the process. */
  readonly cpuMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}
