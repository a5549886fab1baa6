/** Decoder stream: a stream of `node:zlib` between two web streams. It decodes no more than is read. */

import type { ByteTransform } from "../src/contract/transport.ts";
import { CHUNK_BYTES, refund, reserveChunk } from "./decoder-budget.ts";
import type { KeptInput } from "./gzip-trailer.ts";
import type { ZstdFrames } from "./zstd-frames.ts";

/** The part of `node:zlib`'s transform streams that is used. */
export interface ZlibStream {
  /** Bytes consumed. Bytes after the end of the data are not consumed. */
  readonly bytesWritten: number;
  /** Decoded bytes that wait to be passed on. */
  readonly readableLength: number;
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
  /** Creates the stream. The first bytes of the body tell the two formats of deflate apart. */
  start(first: Uint8Array): ZlibStream;
  /** Detects truncated data, where the stream of `node:zlib` does not. */
  readonly frames: ZstdFrames | undefined;
  /** Whether truncated data is detected by writing one more byte: only a decoder that is done does not consume it. */
  readonly probed: boolean;
  /** Tells truncated data from data that may end so, where there are such. */
  readonly kept: KeptInput | undefined;
}

/** The error for truncated data. */
export function truncatedError(): Error {
  return new Error("The compressed data ends too early");
}

const ONE_BYTE = new Uint8Array(1);

/**
 * A pair of web streams that decode. `Duplex.toWeb` is not used, because it needs the stream before the first chunk and loads
 * more of Node's stream code.
 */
export function decoderStream(plan: DecodingPlan): ByteTransform {
  const pipe = new DecoderPipe(plan);
  return {
    readable: new ReadableStream<Uint8Array>(
      {
        start: (output) => pipe.readableStarted(output),
        pull: () => pipe.pull(),
        cancel: (reason) => pipe.stop(reason),
      },
      { highWaterMark: 0 },
    ),
    writable: new WritableStream<Uint8Array>({
      start: (input) => pipe.writableStarted(input),
      write: (chunk) => pipe.write(chunk),
      close: () => pipe.close(),
      abort: (reason) => pipe.fail(reason),
    }),
  };
}

/** Connects a stream of `node:zlib` to both web streams, for one body. */
class DecoderPipe {
  readonly #plan: DecodingPlan;
  /** Created with the first chunk. */
  #zlib: ZlibStream | undefined = undefined;
  #output: ReadableStreamDefaultController<Uint8Array> | undefined = undefined;
  #input: WritableStreamDefaultController | undefined = undefined;
  #isOver = false;
  /** Called once nothing decoded waits to be passed on. */
  #onDrained: (() => void) | undefined = undefined;
  /** Whether the input has ended. */
  #closing = false;
  /** Rejects the current write. */
  #rejectWrite: (reason: unknown) => void = () => {};
  #settle: (error?: unknown) => void = () => {};
  readonly #settled: Promise<unknown>;

  constructor(plan: DecodingPlan) {
    this.#plan = plan;
    this.#settled = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** The readable side has started. */
  readableStarted(output: ReadableStreamDefaultController<Uint8Array>): void {
    this.#output = output;
  }

  /** The writable side has started. */
  writableStarted(input: WritableStreamDefaultController): void {
    this.#input = input;
  }

  /** Resolves once the chunk was decoded. Decoding waits for the reader, which gives backpressure. */
  async write(chunk: Uint8Array): Promise<void> {
    if (chunk.length === 0) return;
    this.#zlib ??= this.#started(chunk);
    const { frames, kept } = this.#plan;
    kept?.push(chunk);
    if (frames === undefined) return this.#written(this.#zlib, chunk);
    // Write frame by frame: with several frames in one write, Node 24 and Deno 2.9 decode only the first.
    for (let at = 0; at < chunk.length; ) {
      const end = frames.push(chunk, at);
      await this.#written(this.#zlib, chunk.subarray(at, end));
      at = end;
    }
  }

  /** The body has ended. */
  async close(): Promise<void> {
    const zlib = this.#zlib;
    if (zlib === undefined) return this.#output?.close();
    this.#closing = true;
    // An error at the end would drop what waits.
    if (this.#plan.kept?.isWhole === true) await this.#drained(zlib);
    if (!this.#isOver && (await this.#isTruncated(zlib))) this.fail(truncatedError());
    else zlib.end();
    const error = await this.#settled;
    zlib.destroy();
    if (error !== undefined) throw error;
  }

  /** The reader wants a chunk. */
  pull(): Promise<void> | undefined {
    const turn = reserveChunk();
    if (turn !== undefined) return turn.then(() => void this.#zlib?.resume());
    this.#zlib?.resume();
    return undefined;
  }

  /** The reader cancelled. */
  stop(reason: unknown): void {
    this.#isOver = true;
    this.#input?.error(reason);
    this.#rejectWrite(reason);
    this.#onDrained?.();
    this.#settle(reason);
    this.#zlib?.destroy();
  }

  /** Fails both sides. */
  fail(error: unknown): void {
    if (!this.#isOver) this.#output?.error(error);
    this.stop(error);
  }

  async #isTruncated(zlib: ZlibStream): Promise<boolean> {
    const { frames, probed } = this.#plan;
    if (!probed) return frames?.complete === false;
    const { bytesWritten } = zlib;
    await this.#written(zlib, ONE_BYTE);
    return zlib.bytesWritten > bytesWritten;
  }

  /** Waits until all that is decoded was passed on. */
  async #drained(zlib: ZlibStream): Promise<void> {
    while (zlib.readableLength > 0 && !this.#isOver) {
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    }
  }

  #written(zlib: ZlibStream, chunk: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      // If the stream is destroyed meanwhile, Deno 2.9 never calls back.
      this.#rejectWrite = reject;
      zlib.write(chunk, (error) => (error ? reject(error) : resolve()));
    });
  }

  #started(first: Uint8Array): ZlibStream {
    const zlib = this.#plan.start(first);
    zlib.on("data", (chunk) => {
      zlib.pause();
      refund(CHUNK_BYTES - chunk.length);
      // Deno 2.9 passes on what was decoded before destroy().
      if (this.#isOver) return;
      this.#output?.enqueue(ownBuffer(chunk));
      this.#onDrained?.();
    });
    zlib.on("end", () => this.#ended());
    zlib.on("error", (error) => {
      if (this.#closing && this.#plan.kept?.lacksTrailerOnly(error) === true) this.#ended();
      else this.fail(error);
    });
    return zlib;
  }

  #ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#output?.close();
    // Bytes after the end of the data are ignored. The error stops the pipe, which then releases its source.
    if (!this.#closing) this.#input?.error(new Error("The compressed data has ended"));
    this.#settle();
  }
}

/** Copies a chunk that shares its buffer with others, because the reader may transfer the buffer. */
function ownBuffer(chunk: Uint8Array): Uint8Array {
  const { buffer } = chunk;
  return chunk.byteLength === buffer.byteLength ? new Uint8Array(buffer) : new Uint8Array(chunk);
}
