/** Body roles: what a response body needs of those around it. */

import type { Alloc, TextCodec } from "../contract/transport.ts";

/** What a body asks of the exchange that feeds it. */
export interface BodyFlow {
  /** The reader is behind: stop reading from the socket. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. `atOnce`: nor the connection, however little is left. */
  discard(atOnce?: boolean): void;
}

/** What keeps the process alive while somebody waits for more of a body, and only then. */
export interface BodyRef {
  ref(awaited: boolean): void;
}

/** What the runtime does faster than we could. */
export interface BodyTools {
  readonly text: TextCodec;
  readonly alloc: Alloc;
  /** Bytes that are collected at most. @default Infinity */
  readonly bodyBytes?: number;
}

/** How a body is read: not yet, in one piece, as it comes, or not any longer. */
export type BodyMode = "kept" | "whole" | "stream" | "discarded";

/** Who waits for all of a body. */
export interface BodyAwaiter {
  resolve(bytes: Uint8Array): void;
  reject(error: unknown): void;
}
