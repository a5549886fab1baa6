/**
 * Codec: our own content coding, under the names of the real ones. The real ones run on threads, which would make
 * runs irreproducible. Like them, it is incremental, takes turns of the event loop, recognises a premature end, and
 * can expand a few bytes to millions.
 */

import type { ContentDecoder } from "../../src/contract/transport.ts";

/** The most bytes that one turn of the event loop decodes. */
const PIECE = 65_536;

/** Marks of the coding: a literal of n bytes, one byte n times, nothing, the end. */
const [LITERAL, RUN, FLUSH, END] = ["L", "R", "F", "E"] as const;

/** Sizes of the marks that carry a number. */
const SIZES: ReadonlyMap<string, number> = new Map([
  [LITERAL, 5],
  [RUN, 6],
]);

function number(value: number): string {
  return String.fromCharCode(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/**
 * Encodes `text`, followed by the letter z `run` times. After every `flushEvery` bytes comes a mark that means
 * nothing.
 */
export function coded(text: string, run: number, flushEvery = Infinity): string {
  let whole = "";
  for (let at = 0; at < text.length; ) {
    const part = text.slice(at, at + Math.min(flushEvery, 60_000));
    whole += LITERAL + number(part.length) + part + FLUSH;
    at += part.length;
  }
  return `${whole}${run > 0 ? `${RUN}z${number(run)}` : ""}${END}`;
}

/** What the codec tells its world. */
export interface DecodingWorld {
  /** Runs `act` in one of the next turns of the event loop. */
  soon(act: () => void): void;
  /** `bytes` were decoded. `atOnce`: as a whole, before anybody could read the first of them. */
  decoded(bytes: Uint8Array, atOnce: boolean, by: object): void;
}

/** Decodes its input piece by piece. */
class Machine {
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  #literal = 0;
  #run = 0;
  #byte = 0;
  ended = false;

  get idle(): boolean {
    return this.#run === 0 && this.#at >= this.#input.length;
  }

  /** Adds input. All earlier input has been used up, or waits for more. */
  push(bytes: Uint8Array): void {
    const rest = this.#input.subarray(this.#at);
    const joined = new Uint8Array(rest.length + bytes.length);
    joined.set(rest);
    joined.set(bytes, rest.length);
    this.#input = joined;
    this.#at = 0;
  }

  /** The next piece, or `undefined` when it needs more input. @throws if the input is malformed. */
  next(most: number): Uint8Array | undefined {
    for (;;) {
      if (this.#run > 0) return this.#repeated(most);
      if (this.#literal > 0) return this.#copied(most);
      if (!this.#mark()) return undefined;
    }
  }

  #repeated(most: number): Uint8Array {
    const piece = new Uint8Array(Math.min(most, this.#run)).fill(this.#byte);
    this.#run -= piece.length;
    return piece;
  }

  #copied(most: number): Uint8Array | undefined {
    const end = Math.min(this.#input.length, this.#at + Math.min(most, this.#literal));
    if (end === this.#at) return undefined;
    const piece = this.#input.slice(this.#at, end);
    this.#at = end;
    this.#literal -= piece.length;
    return piece;
  }

  /** Reads a mark. Returns whether there was one. */
  #mark(): boolean {
    const [input, at] = [this.#input, this.#at];
    if (at >= input.length) return false;
    const mark = String.fromCharCode(input[at] ?? 0);
    const size = SIZES.get(mark) ?? 1;
    if (this.ended) throw new Error("Something follows the end of the coded data");
    if (at + size > input.length) return false;
    const value = size === 1 ? 0 : new DataView(input.buffer, input.byteOffset).getUint32(at + size - 4);
    if (mark === LITERAL) this.#literal = value;
    else if (mark === RUN) [this.#byte, this.#run] = [input[at + 1] ?? 0, value];
    else if (mark === END) this.ended = true;
    else if (mark !== FLUSH) throw new Error(`The coded data has an unknown mark ${input[at]}`);
    this.#at = at + size;
    return true;
  }
}

/** Decodes everything at once. Returns `undefined` if the result would exceed `limit`. */
function whole(bytes: Uint8Array, limit: number, world: DecodingWorld): Uint8Array | undefined {
  if (bytes.length === 0) return bytes;
  const machine = new Machine();
  machine.push(bytes);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (let piece = machine.next(PIECE); piece !== undefined; piece = machine.next(PIECE)) {
    world.decoded(piece, true, machine);
    pieces.push(piece);
    length += piece.length;
    if (length > limit) return undefined;
  }
  if (!machine.ended) throw new Error("The coded data ends too early");
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** A transform stream around a machine. While somebody reads, it decodes one piece in each turn of the event loop. */
function stream(world: DecodingWorld): ReadableWritablePair<Uint8Array, Uint8Array> {
  const machine = new Machine();
  let output: ReadableStreamDefaultController<Uint8Array> | undefined;
  let consumed: (() => void) | undefined;
  let failed: ((error: unknown) => void) | undefined;
  let [working, empty] = [false, true];
  const work = (): void => {
    working = false;
    if (output === undefined || (output.desiredSize ?? 0) <= 0) return;
    try {
      const piece = machine.next(PIECE);
      if (piece === undefined) return consumed?.();
      world.decoded(piece, false, machine);
      output.enqueue(piece);
      if (machine.idle) consumed?.();
      go();
    } catch (error) {
      output.error(error);
      failed?.(error);
      output = undefined;
    }
  };
  const go = (): void => {
    if (working) return;
    working = true;
    world.soon(work);
  };
  const take = (chunk: Uint8Array): Promise<void> | undefined => {
    if (chunk.length === 0) return undefined;
    empty = false;
    machine.push(chunk);
    go();
    return new Promise((resolve, reject) => {
      [consumed, failed] = [resolve, reject];
    });
  };
  const end = (): void => {
    const early = machine.ended || empty ? undefined : new Error("The coded data ends too early");
    if (early === undefined) output?.close();
    else output?.error(early);
    output = undefined;
    if (early !== undefined) throw early;
  };
  const stop = (): void => {
    output = undefined;
    consumed?.();
  };
  return {
    readable: new ReadableStream({
      start(controller) {
        output = controller;
      },
      pull: go,
      cancel: stop,
    }),
    writable: new WritableStream({
      write: take,
      close: end,
      abort(reason) {
        output?.error(reason);
        stop();
      },
    }),
  };
}

const NAMES: ReadonlySet<string> = new Set(["gzip", "deflate", "br", "zstd"]);

/** The decoders that the transport offers. */
export function decoderOf(world: DecodingWorld): (coding: string) => ContentDecoder | undefined {
  return (coding) =>
    NAMES.has(coding)
      ? { whole: (bytes, limit) => whole(bytes, limit, world), stream: () => stream(world) }
      : undefined;
}
