/**
 * Length probe: finds the length of a `Request`'s body. Such a body is a stream even where the `Request` was made of a
 * string, a Blob or a form, and no runtime tells which. The probe reads as long as pieces are at hand. A body that ends
 * there is sent with its length, as callers and servers expect, and can be sent again; any other is sent chunked.
 */

import type { Clock } from "../contract/clock.ts";
import {
  cancelQuietly,
  type Piece,
  type PieceReader,
  type StreamBody,
  silence,
} from "../exchange/request-body.ts";
import { readerOf } from "./pieces.ts";
import { type PreparedBody, partsBody, preparedBytes } from "./prepare-body.ts";

/** Bytes read at most. What is at hand lies in memory already, but a stream that never ends must not fill the memory. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Pieces read at most: those of a stream that never ends may be small, or empty. */
const MAX_PIECES = 1024;

/** A body up to this size is joined to one piece, so that it leaves together with the head. */
const JOINED = 65_536;

/** Microtasks to wait for a piece. Node, Deno and Bun give the next piece of what lies in memory within 10. */
const MICROTASKS = 30;

/** Turns of the event loop to wait for a piece. Node 24 needs 2 to tell that a Blob, or its server's body, has ended. */
const TURNS_PER_PIECE = 2;

/**
 * Turns of the event loop to wait for all pieces. A piece that needed a turn may have come from a socket just now: at
 * 64 KiB each, a peer can make the probe collect 2 MiB.
 */
const TURNS = 32;

/** How a body is probed. */
export interface ProbeOptions {
  readonly clock: Pick<Clock, "turn">;
  /** The `Content-Length` that came with the `Request`. */
  readonly length: number | undefined;
  /** Makes the error to reject with from the error of the stream. */
  readonly toError: (cause: unknown) => Error;
  /** Whether the stream is, or may be, Node's own of a form. */
  readonly isNodeForm?: boolean;
}

/** Probes one body. The constructor locks its stream. */
export class LengthProbe {
  /** The body to send. Rejects with what `toError` made of the stream's error. */
  readonly body: Promise<PreparedBody>;
  readonly #reader: PieceReader;
  readonly #options: ProbeOptions;
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  #turnsLeft: number;

  /** @throws what the stream throws. */
  constructor(stream: unknown, options: ProbeOptions) {
    this.#options = options;
    // With a known length, waiting would only make the body repeatable, which is not worth turns of the event loop.
    this.#turnsLeft = options.length === undefined ? TURNS : 0;
    const reader = readerOf(stream);
    this.#reader = options.isNodeForm === true ? cancelledLate(reader, options.clock) : reader;
    this.body = this.#probe().catch((cause) => Promise.reject(options.toError(cause)));
    // While the transport is being loaded, nobody handles a rejection yet.
    silence(this.body);
  }

  /** Ends the body: the request will not be sent. */
  cancel(reason: unknown): void {
    cancelQuietly(this.#reader, reason);
  }

  async #probe(): Promise<PreparedBody> {
    for (;;) {
      const reading = this.#reader.read();
      const piece = await this.#atHand(reading);
      if (piece === undefined) return this.#unfinished(reading);
      if (piece.done === true) return this.#finished();
      if (!ArrayBuffer.isView(piece.value)) return this.#unfinished(Promise.resolve(piece));
      this.#add(piece.value);
      if (this.#size > MAX_BYTES || this.#pieces.length >= MAX_PIECES) return this.#unfinished(undefined);
    }
  }

  /** Copies the piece, because a stream may fill the same buffer again for the next one. */
  #add({ buffer, byteOffset, byteLength }: ArrayBufferView): void {
    this.#size += byteLength;
    this.#pieces.push(new Uint8Array(buffer, byteOffset, byteLength).slice());
  }

  /** The piece, or `undefined` when it does not come within the limits above. */
  async #atHand(reading: PromiseLike<Piece>): Promise<Piece | undefined> {
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
      await new Promise<void>((resolve) => this.#options.clock.turn(resolve, true));
    }
    if (failed !== undefined) throw failed.error;
    return piece;
  }

  /** The body of a stream that has ended. */
  #finished(): PreparedBody {
    const { length } = this.#options;
    if (length !== undefined && length !== this.#size)
      throw new TypeError(`its Content-Length is ${length}, but it gave ${this.#size} bytes`);
    if (this.#size <= JOINED) return preparedBytes(joined(this.#pieces, this.#size));
    return { body: partsBody(this.#pieces), contentType: undefined };
  }

  /** The body of a stream that goes on: the pieces read so far, the one being read, and what follows. */
  #unfinished(reading: PromiseLike<Piece> | undefined): PreparedBody {
    const reader = this.#reader;
    const { length } = this.#options;
    const pieces = this.#pieces;
    let next = reading;
    const whole: PieceReader = {
      read() {
        const piece = pieces.shift();
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
      open: () => whole,
      cancel: whole.cancel,
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

/**
 * The reader of a form's stream, which is read on for some turns before it is cancelled. Node 24 writes the form to
 * the stream whether or not anybody reads, and a write after the cancellation rejects a promise that nobody has: that
 * would end the process. What is not at its end by then comes from a socket, or from a file.
 */
function cancelledLate(reader: PieceReader, clock: ProbeOptions["clock"]): PieceReader {
  let ended = false;
  const drain = async (): Promise<void> => {
    while ((await reader.read()).done !== true);
    ended = true;
  };
  return {
    read: () => reader.read(),
    async cancel(reason) {
      silence(drain());
      for (let turns = 0; turns < TURNS && !ended; turns++)
        await new Promise<void>((resolve) => clock.turn(resolve, true));
      if (!ended) await reader.cancel(reason);
    },
  };
}
