/** Reset streams: those that we reset before the peer ended them, so that frames of them may still come (RFC 9113 §5.1). */

import { RESET_STREAMS } from "./limits.ts";

/** The numbers of such streams. */
export class ResetStreams {
  readonly #ids = new Set<number>();
  /** Up to this number streams may have been forgotten. */
  #forgotten = 0;

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= RESET_STREAMS) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      this.#forgotten = Math.max(this.#forgotten, oldest);
      return;
    }
  }

  /** Whether a frame of this stream may still come. `isLast`: none follows it. */
  mayCome(id: number, isLast: boolean): boolean {
    const known = this.#ids.has(id);
    if (known && isLast) this.#ids.delete(id);
    return known || id <= this.#forgotten;
  }
}
