/** Body writer: frames a request body that follows its head, by its length or chunked (RFC 9112 §6, §7.1). */

import type { Socket } from "../../contract/transport.ts";
import type { WireBody } from "../../contract/wire.ts";

const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");

/** Writes one body. */
export class BodyWriter implements WireBody {
  left: number | undefined;
  readonly #socket: Socket;
  readonly #length: number | undefined;

  /** @param length the one in the head; `undefined` for chunked. */
  constructor(socket: Socket, length: number | undefined) {
    this.#socket = socket;
    this.#length = length;
    this.left = length;
  }

  count(bytes: number): void {
    if (this.left === undefined || this.#length === undefined) return;
    if (bytes > this.left) throw lengthError(this.#length, `more than ${this.#length}`);
    this.left -= bytes;
  }

  write(piece: Uint8Array): boolean {
    // An empty chunk would end the body.
    if (piece.length === 0) return true;
    if (this.#length !== undefined) return this.#socket.write(piece);
    return this.#socket.write(`${piece.length.toString(16)}\r\n`, piece, "\r\n");
  }

  end(trailers = ""): void {
    // A body of known length has no place for trailers (RFC 9112 §7.1.2).
    if (this.left === undefined)
      this.#socket.write(trailers === "" ? LAST_CHUNK : latin1(`0\r\n${trailers}\r\n`));
    else if (this.left > 0) throw lengthError(this.#length, `${(this.#length ?? 0) - this.left}`);
    this.left = 0;
  }
}

/** As bytes. Text by itself is a request that nothing was sent of: a transport drops it if the connection speaks first. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function lengthError(length: number | undefined, got: string): TypeError {
  return new TypeError(`The request body must be ${length} bytes, as its length says: it gave ${got}`);
}
