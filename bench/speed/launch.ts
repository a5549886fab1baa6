/** Launch: the instructions for a client process, and its result. */

import type { Latencies } from "./latencies.ts";

/** What is uploaded: a stream that makes its bytes while it is sent, bytes in memory, a `Blob`, or a form with a file. */
export type UploadBody = "stream" | "bytes" | "blob" | "form";

/** Connections to each of many origins. */
export const CONNECTIONS_EACH = 2;

/**
 * One client in one scenario. Passed as JSON in the first argument. The client warms up; each line of its input is an order for a
 * round, and each round is a line of its output.
 */
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
  /** Bytes sent with each request; 0 for a GET. */
  readonly upload: number;
  /** What the upload is. */
  readonly body: UploadBody;
  /** The origins that are visited at random, each over {@linkcode CONNECTIONS_EACH} connections. */
  readonly urls?: readonly string[];
  /** Whether each request opens a connection of its own. */
  readonly fresh?: boolean;
  /** Requests per second that come whether or not earlier ones were answered. By default, each answer is followed by a request. */
  readonly arrivals?: number;
  /** The root certificate of the origin, as PEM. */
  readonly ca: string | undefined;
  /** Whether HTTP/2 is spoken, on one connection. `connections` is the number of streams then. */
  readonly http2: boolean;
}

/** One round. */
export interface Measured {
  /** Responses that were checked since the line before, those of the warm-up included. */
  readonly answers: number;
  /** Responses within the measured time. */
  readonly requests: number;
  readonly perSecond: number;
  /** CPU time per request, of all threads of the process. */
  readonly cpuMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** The longest. Only clients in JavaScript tell it. */
  readonly maxMicros?: number;
  /** Of an open loop: all of them. */
  readonly latencies?: Latencies;
}
