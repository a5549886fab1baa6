/** Decoder stream: an engine of `node:zlib` between two web streams, which decodes no more than is read. */

import { CHUNK_BYTES, refund, reserveChunk } from "./decoder-budget.ts";
import type { ZstdFrames } from "./zstd-frames.ts";

/** The slice of `stream.Transform` that is used. */
export interface ZlibStream {
  /** Bytes that it has taken in; what lies behind the end of the data is not. */
  readonly bytesWritten: number;
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  write(chunk: Uint8Array, done: (error?: unknown) => void): unknown;
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/** How one body is decoded. */
export interface DecodingPlan {
  /** Makes the engine when the first bytes are there, which tell deflate's two forms apart. */
  start(first: Uint8Array): ZlibStream;
  /** Watches for an end that comes too early, where the engine does not. */
  readonly frames: ZstdFrames | undefined;
  /** Whether an end that comes too early shows only by a byte more, which a decoder that is done leaves alone. */
  readonly probed: boolean;
}

/** Data that ended too early. */
export function cutShort(): Error {
  return new Error("The compressed data ends too early");
}

const ONE_BYTE = new Uint8Array(1);

/** Not `Duplex.toWeb`: that needs the engine before its first chunk, and loads more of Node's streams. */
export function decoderStream(terms: DecodingPlan): ReadableWritablePair<Uint8Array, Uint8Array> {
  const pipe = new DecoderPipe(terms);
  return {
    readable: new ReadableStream<Uint8Array>(
      {
        start: (output) => pipe.opened(output),
        pull: () => pipe.pull(),
        cancel: (reason) => pipe.stop(reason),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Uint8Array>({
      start: (input) => pipe.fed(input),
      write: (chunk) => pipe.write(chunk),
      close: () => pipe.close(),
      abort: (reason) => pipe.fail(reason),
    }),
  };
}

/** A Node transform for one body, and the two ends its web streams see. */
class DecoderPipe {
  readonly #terms: DecodingPlan;
  /** Not before the first chunk. */
  #engine: ZlibStream | undefined = undefined;
  #output: ReadableStreamDefaultController<Uint8Array> | undefined = undefined;
  #input: WritableStreamDefaultController | undefined = undefined;
  #over = false;
  /** Whether all of the input is there. */
  #closing = false;
  /** Ends the write that is under way. */
  #giveUp: (reason: unknown) => void = () => {};
  #settle: (error?: unknown) => void = () => {};
  readonly #settled: Promise<unknown>;

  constructor(terms: DecodingPlan) {
    this.#terms = terms;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The readable side is there. */
  opened(output: ReadableStreamDefaultController<Uint8Array>): void {
    this.#output = output;
  }

  /** The writable side is there. */
  fed(input: WritableStreamDefaultController): void {
    this.#input = input;
  }

  /** Resolves when the engine has worked through the chunk, which waits for whoever reads: the backpressure. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    this.#engine ??= this.#launched(chunk);
    const { frames } = this.#terms;
    if (frames === undefined) return this.#written(this.#engine, chunk);
    // Frame by frame: Node 24 and Deno 2.9 take the first of several in one piece for all there is.
    for (let at = 0; at < chunk.length; ) {
      const end = frames.push(chunk, at);
      await this.#written(this.#engine, chunk.subarray(at, end));
      at = end;
    }
  }

  /** The body is over. */
  async close(): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined) return this.#output?.close();
    this.#closing = true;
    if (!this.#over && (await this.#isCutShort(engine))) this.fail(cutShort());
    else engine.end();
    const error = await this.#settled;
    engine.destroy();
    if (error !== undefined) throw error;
  }

  /** Somebody reads. */
  pull(): Promise<void> | undefined {
    const turn = reserveChunk();
    if (turn !== undefined) return turn.then(() => void this.#engine?.resume());
    this.#engine?.resume();
    return undefined;
  }

  /** The reader lost interest. */
  stop(reason: unknown): void {
    this.#over = true;
    this.#input?.error(reason);
    this.#giveUp(reason);
    this.#settle(reason);
    this.#engine?.destroy();
  }

  /** Both sides learn of it. */
  fail(error: unknown): void {
    if (!this.#over) this.#output?.error(error);
    this.stop(error);
  }

  async #isCutShort(engine: ZlibStream): Promise<boolean> {
    const { frames, probed } = this.#terms;
    if (!probed) return frames?.complete === false;
    const { bytesWritten } = engine;
    await this.#written(engine, ONE_BYTE);
    return engine.bytesWritten > bytesWritten;
  }

  #written(engine: ZlibStream, chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // Deno 2.9 does not call back for a write to an engine that is destroyed meanwhile.
      this.#giveUp = reject;
      engine.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  #launched(first: Uint8Array): ZlibStream {
    const engine = this.#terms.start(first);
    engine.on("data", (chunk) => {
      engine.pause();
      refund(CHUNK_BYTES - chunk.length);
      this.#output?.enqueue(ownBuffer(chunk));
    });
    engine.on("end", () => {
      if (this.#over) return;
      this.#over = true;
      this.#output?.close();
      // What follows the end of the data is nobody's: whoever pipes it stops, and lets go of its source.
      if (!this.#closing) this.#input?.error(new Error("The compressed data has ended"));
      this.#settle();
    });
    engine.on("error", (error) => this.fail(error));
    return engine;
  }
}

/** An engine gives several views of one buffer: whoever transferred one would take all. */
function ownBuffer(chunk: Uint8Array): Uint8Array {
  const { buffer } = chunk;
  return chunk.byteLength === buffer.byteLength ? new Uint8Array(buffer) : new Uint8Array(chunk);
}
