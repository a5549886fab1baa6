/** Body roles: what a response body needs of those around it. */

import type { Alloc, TextCodec } from "../transport.ts";

/** What a body asks of the exchange that feeds it. */
export interface BodySource {
  /** The reader is behind: stop reading from the socket. */
  pause(): void;
  resume(): void;
  /** Nobody wants the rest. */
  discard(): void;
}

/** What keeps the process alive while somebody waits for more of a body, and only then. */
export interface BodyHolder {
  hold(awaited: boolean): void;
}

/** What the runtime does faster than we could. */
export interface BodyTools {
  readonly text: TextCodec;
  readonly alloc: Alloc;
}
