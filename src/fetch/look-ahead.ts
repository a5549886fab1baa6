/**
 * Look-ahead: the body of a `Request`, which is a stream even if it was made of a string, a Blob or a form, and no runtime
 * says of what. It is read as long as its pieces are at hand: if it ends there, as such a body does, it is sent with its
 * length, as callers and servers expect, rather than chunked, and can be sent again.
 */

import type { Clock } from "../contract/clock.ts";
import {
  cancelQuietly,
  type Piece,
  type PieceReader,
  type StreamBody,
  silence,
} from "../exchange/request-body.ts";
import { type PreparedBody, partsBody, preparedBytes } from "./body-init.ts";
import { readerOf } from "./pieces.ts";

/** Looked at most. What is at hand lies in memory already; a stream that never ends must not fill it. */
const LOOK_BYTES = 16 * 1024 * 1024;

/** The same in pieces: those of a stream that never ends may be small, or empty. */
const LOOK_PIECES = 1024;

/** A body up to this size is joined, so that it leaves with the head. */
const JOINED = 65_536;

/** Node, Deno and Bun give the next piece of what lies in memory within 10. */
const MICROTASKS = 30;

/** What Node 24 takes to say that a Blob has ended, and its server to say that there is no body. */
const TURNS_PER_PIECE = 2;

/**
 * In all. A piece that needed a turn of the event loop may have come from a socket just now: at 64 KiB each, a peer can
 * have 2 MiB gathered.
 */
const TURNS = 32;

/** What to look at. */
export interface LookTerms {
  readonly clock: Pick<Clock, "turn">;
  /** The `Content-Length` that came with it. */
  readonly length: number | undefined;
  /** Makes the error of a stream that failed. */
  readonly unsent: (cause: unknown) => Error;
}

/** Looks ahead in one body, from now on: its stream is locked when this returns. */
export class LookAhead {
  /** What was found. It rejects with what `unsent` made of the stream's error. */
  readonly ready: Promise<PreparedBody>;
  readonly #reader: PieceReader;
  readonly #terms: LookTerms;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  #turnsLeft: number;

  /** @throws what the stream throws. */
  constructor(stream: unknown, terms: LookTerms) {
    this.#terms = terms;
    // Where the length is known, waiting would win no more than that it can be sent again.
    this.#turnsLeft = terms.length === undefined ? TURNS : 0;
    this.#reader = readerOf(stream);
    this.ready = this.#look().catch((cause) => Promise.reject(terms.unsent(cause)));
    // Nobody may be there yet to hear of it: the transport is still being loaded.
    silence(this.ready);
  }

  /** Nobody wants it any more. */
  cancel(reason: unknown): void {
    cancelQuietly(this.#reader, reason);
  }

  async #look(): Promise<PreparedBody> {
    for (;;) {
      const reading = this.#reader.read();
      const piece = await this.#soon(reading);
      if (piece === undefined) return this.#rest(reading);
      if (piece.done === true) return this.#whole();
      if (!ArrayBuffer.isView(piece.value)) return this.#rest(Promise.resolve(piece));
      this.#keep(piece.value);
      if (this.#size > LOOK_BYTES || this.#pieces.length >= LOOK_PIECES) return this.#rest(undefined);
    }
  }

  /** Copied: a stream may fill the same buffer again for its next piece. */
  #keep({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    this.#size += byteLength;
    this.#pieces.push(new Uint8Array(buffer, byteOffset, byteLength).slice());
  }

  /** A piece that is at hand; `undefined` for one that is on its way. */
  async #soon(reading: PromiseLike<Piece>): Promise<Piece | undefined> {
    let piece: Piece | undefined;
    let failed: { readonly error: unknown } | undefined;
    reading.then(
      (given) => {
        piece = given;
      },
      (error) => {
        failed = { error };
      },
    );
    const settled = () => piece !== undefined || failed !== undefined;
    for (let count = 0; count < MICROTASKS && !settled(); count++) await undefined;
    for (let count = 0; count < TURNS_PER_PIECE && this.#turnsLeft > 0 && !settled(); count++) {
      this.#turnsLeft -= 1;
      await new Promise<void>((resolve) => this.#terms.clock.turn(resolve, true));
    }
    if (failed !== undefined) throw failed.error;
    return piece;
  }

  #whole(): PreparedBody {
    const { length } = this.#terms;
    if (length !== undefined && length !== this.#size)
      throw new TypeError(`its Content-Length is ${length}, but it gave ${this.#size} bytes`);
    if (this.#size <= JOINED) return preparedBytes(joined(this.#pieces, this.#size));
    return { body: partsBody(this.#pieces), contentType: undefined };
  }

  /** What was seen, and what follows. */
  #rest(reading: PromiseLike<Piece> | undefined): PreparedBody {
    const reader = this.#reader;
    const { length } = this.#terms;
    const kept = this.#pieces;
    let next = reading;
    const ahead: PieceReader = {
      read() {
        const piece = kept.shift();
        if (piece !== undefined) return Promise.resolve({ value: piece });
        const first = next;
        next = undefined;
        return first ?? reader.read();
      },
      cancel: (reason) => reader.cancel(reason),
    };
    const body: StreamBody = {
      kind: "stream",
      length,
      replayable: false,
      foreign: true,
      open: () => ahead,
      cancel: ahead.cancel,
    };
    return { body, contentType: undefined };
  }
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const [first] = pieces;
  if (pieces.length === 1 && first !== undefined) return first;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
