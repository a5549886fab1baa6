/** Launch: what a client process is told, and what it answers with. */

/** One client, one scenario, one round. Given as JSON in the first argument. */
export interface Launch {
  readonly kind: string;
  readonly url: string;
  readonly connections: number;
  readonly warmMs: number;
  readonly runMs: number;
  /** How the body of the answer is read. */
  readonly read: "text" | "bytes";
  /** Bytes that every answer must have. */
  readonly expected: number;
  /** Bytes streamed with each request; 0 for a GET. */
  readonly upload: number;
  /** The root that signed the origin's certificate, as PEM. */
  readonly ca: string | undefined;
}

/** One measurement. Printed as the last line. */
export interface Measured {
  /** Answers that were checked, those of the warm-up included. */
  readonly answers: number;
  /** Answers in the measured time. */
  readonly requests: number;
  readonly perSecond: number;
  /** CPU time per request, of every thread of the process. */
  readonly cpuMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}
