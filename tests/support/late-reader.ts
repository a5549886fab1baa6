/** Late reader: a peer that reads nothing until it is told to, while its client writes pieces out of one buffer that it fills again. */

import type { Readable } from "node:stream";

/** Short enough that every runtime may count several as taken while it still holds them. */
export const PIECE_BYTES = 9000;
/** More pieces than kernels take. */
export const PIECES = 1500;
/** All of them. */
export const ALL_BYTES: number = PIECE_BYTES * PIECES;

/** What is read if no byte is wrong. */
export const RIGHT = `no wrong byte of ${ALL_BYTES}`;

/** Fills the buffer as the piece of that number. */
export function fillPiece(buffer: Uint8Array, index: number): void {
  buffer.fill(index % 251);
}

/** Reads nothing until {@linkcode LateReader.read} is called; then everything. */
export class LateReader {
  readonly #stream: Readable;
  #at = 0;
  #wrong: number | undefined = undefined;

  constructor(stream: Readable) {
    this.#stream = stream.pause();
    stream.on("error", () => {}); // the client drops it in the end
  }

  /** Resolves with {@linkcode RIGHT}, or with what is wrong. */
  read(): Promise<string> {
    return new Promise((resolve) => {
      this.#stream.on("data", (bytes: Uint8Array) => {
        const at = bytes.findIndex((byte, index) => byte !== this.#expected(index));
        if (at >= 0) this.#wrong ??= this.#at + at;
        this.#at += bytes.length;
        if (this.#at >= ALL_BYTES) resolve(this.#verdict);
      });
      this.#stream.resume();
    });
  }

  #expected(index: number): number {
    return Math.floor((this.#at + index) / PIECE_BYTES) % 251;
  }

  get #verdict(): string {
    return this.#wrong === undefined ? `no wrong byte of ${this.#at}` : `a wrong byte at ${this.#wrong}`;
  }
}
