/** Replay: what a request has written so far, kept as long as it may have to be written again on a fresh connection. */

/** The most that is kept. A request of more bytes is not sent again once the first has gone. */
export const REPLAY_BYTES = 65_536;

/** The beginning of one request. */
export class Replay {
  readonly #pieces: (string | Uint8Array)[] = [];
  #length = 0;
  #isKept = true;

  /** Whether all that was written is here. */
  get isWhole(): boolean {
    return this.#isKept;
  }

  /** Keeps a piece, if there is room: a text, which has one byte per character, or a copy of bytes, whose buffer is the caller's. */
  keep(piece: string | Uint8Array | undefined): void {
    if (!this.#isKept || piece === undefined) return;
    this.#length += piece.length;
    if (this.#length > REPLAY_BYTES) this.drop();
    else this.#pieces.push(typeof piece === "string" ? piece : new Uint8Array(piece));
  }

  /** It will not be needed. */
  drop(): void {
    this.#isKept = false;
    this.#pieces.length = 0;
  }

  /** What was written, in order. */
  pieces(): readonly (string | Uint8Array)[] {
    return this.#pieces;
  }
}
