/**
 * Content codings by `node:zlib`, which Node, Deno and Bun all have: gzip, deflate in both its forms, br, and
 * zstd where it is built in (not on Node 20). Data that was cut short fails.
 */

import type { ContentDecoder } from "../src/transport.ts";
import { builtWith, neededBuiltin } from "./builtin.ts";
import { ZstdFrames } from "./zstd-frames.ts";

/** The slice of `node:zlib` that is used. */
interface Zlib {
  gunzipSync(bytes: Uint8Array): Uint8Array;
  inflateSync(bytes: Uint8Array): Uint8Array;
  inflateRawSync(bytes: Uint8Array): Uint8Array;
  brotliDecompressSync(bytes: Uint8Array): Uint8Array;
  zstdDecompressSync(bytes: Uint8Array): Uint8Array;
  createGunzip(): Engine;
  createInflate(): Engine;
  createInflateRaw(): Engine;
  createBrotliDecompress(): Engine;
  createZstdDecompress(): Engine;
}

/** The slice of `stream.Transform` that is used. */
interface Engine {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: unknown) => void): unknown;
  write(chunk: Uint8Array, done: (error?: unknown) => void): unknown;
  end(): unknown;
  pause(): unknown;
  resume(): unknown;
  destroy(): unknown;
}

/** A decoder that can do both. */
export interface ZlibDecoder extends ContentDecoder {
  readonly whole: (bytes: Uint8Array) => Uint8Array;
}

/** How one coding is undone. The first bytes are shown to both, for deflate. */
interface Coding {
  whole(zlib: Zlib, bytes: Uint8Array): Uint8Array;
  engine(zlib: Zlib, first: Uint8Array): Engine;
  /** Watches for an end that comes too early, where the engine does not. */
  frames?(): ZstdFrames;
}

const GZIP: Coding = {
  whole: (zlib, bytes) => zlib.gunzipSync(bytes),
  engine: (zlib) => zlib.createGunzip(),
};

/** "deflate" means the zlib format (RFC 9110 §8.4.1.2), yet some servers send it bare: a zlib header says 8. */
const DEFLATE: Coding = {
  whole: (zlib, bytes) => (hasZlibHeader(bytes) ? zlib.inflateSync(bytes) : zlib.inflateRawSync(bytes)),
  engine: (zlib, first) => (hasZlibHeader(first) ? zlib.createInflate() : zlib.createInflateRaw()),
};

const BROTLI: Coding = {
  whole: (zlib, bytes) => zlib.brotliDecompressSync(bytes),
  engine: (zlib) => zlib.createBrotliDecompress(),
};

function hasZlibHeader(bytes: Uint8Array): boolean {
  return ((bytes[0] ?? 0) & 0x0f) === 8;
}

const ZSTD: Coding = {
  whole(zlib, bytes) {
    const frames = new ZstdFrames();
    frames.push(bytes);
    if (!frames.complete) throw cutShort();
    return zlib.zstdDecompressSync(bytes);
  },
  engine: (zlib) => zlib.createZstdDecompress(),
  frames: () => new ZstdFrames(),
};

function codingOf(name: string): Coding | undefined {
  switch (name) {
    case "gzip":
    case "x-gzip":
      return GZIP;
    case "deflate":
      return DEFLATE;
    case "br":
      return BROTLI;
    case "zstd":
      return hasZstd() ? ZSTD : undefined;
    default:
      return undefined;
  }
}

/** Which codings there are is asked before the first `fetch`: where it can be told without the module, it is. */
function hasZstd(): boolean {
  return "Deno" in globalThis || builtWith("zstd") !== undefined || "zstdDecompressSync" in zlib();
}

function zlib(): Zlib {
  return neededBuiltin<Zlib>("node:zlib");
}

function cutShort(): Error {
  return new Error("The compressed data ends too early");
}

/** Decoder for a content coding, or `undefined` if this runtime has none. An empty body decodes to nothing. */
export function zlibDecoder(name: string): ZlibDecoder | undefined {
  const coding = codingOf(name);
  if (coding === undefined) return undefined;
  return {
    whole: (bytes) => (bytes.length === 0 ? bytes : coding.whole(zlib(), bytes)),
    stream: () => pairOf((first) => coding.engine(zlib(), first), coding.frames?.()),
  };
}

/** A Node transform for one body, and the two ends its web streams see. */
class Pipe {
  private readonly start: (first: Uint8Array) => Engine;
  private readonly frames: ZstdFrames | undefined;
  /** Not before the first chunk, which tells whether deflate has its header. */
  private engine: Engine | undefined = undefined;
  private output: ReadableStreamDefaultController<Uint8Array> | undefined = undefined;
  private settle: (error?: unknown) => void = () => {};
  private readonly settled: Promise<unknown>;

  constructor(start: (first: Uint8Array) => Engine, frames: ZstdFrames | undefined) {
    this.start = start;
    this.frames = frames;
    this.settled = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** The readable side is there. */
  opened(output: ReadableStreamDefaultController<Uint8Array>): void {
    this.output = output;
  }

  /** Resolves when the engine has worked through the chunk, which waits for whoever reads: the backpressure. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    if (chunk.length === 0) return undefined;
    this.engine ??= this.launched(chunk);
    this.frames?.push(chunk);
    return written(this.engine, chunk);
  }

  /** The body is over. */
  async close(): Promise<void> {
    if (this.engine === undefined) return this.output?.close();
    if (this.frames?.complete === false) this.fail(cutShort());
    else this.engine.end();
    const error = await this.settled;
    if (error !== undefined) throw error;
  }

  /** Somebody reads. */
  pull(): void {
    this.engine?.resume();
  }

  /** The reader lost interest. */
  stop(reason: unknown): void {
    this.settle(reason);
    this.engine?.destroy();
  }

  /** Both sides learn of it. */
  fail(error: unknown): void {
    this.output?.error(error);
    this.stop(error);
  }

  private launched(first: Uint8Array): Engine {
    const engine = this.start(first);
    engine.on("data", (chunk) => {
      this.output?.enqueue(chunk);
      if ((this.output?.desiredSize ?? 0) <= 0) engine.pause();
    });
    engine.on("end", () => {
      this.output?.close();
      this.settle();
    });
    engine.on("error", (error) => this.fail(error));
    return engine;
  }
}

/**
 * Deno 2.9's `node:zlib` takes br that was cut short for complete, and gives what it has. Its
 * `DecompressionStream` does not, so br is had as a stream only.
 */
export function denoDecoder(name: string): ContentDecoder | undefined {
  return name === "br" ? { stream: denoBrotli } : zlibDecoder(name);
}

/** Brotli for "nothing": a last, empty block (RFC 7932 §9.2). */
const EMPTY_BROTLI = Uint8Array.of(6);

function denoBrotli(): ReadableWritablePair<Uint8Array, Uint8Array> {
  const { readable, writable } = new DecompressionStream("brotli" as CompressionFormat);
  const writer = writable.getWriter();
  let empty = true;
  return {
    readable,
    writable: new WritableStream<Uint8Array>({
      write(chunk) {
        if (chunk.length === 0) return;
        empty = false;
        return writer.write(chunk as Uint8Array<ArrayBuffer>);
      },
      close() {
        // As in Pipe, an empty body decodes to nothing. A failure shows in the promise of close().
        if (empty) writer.write(EMPTY_BROTLI).catch(() => {});
        return writer.close();
      },
      abort: (reason) => writer.abort(reason),
    }),
  };
}

/** Not `Duplex.toWeb`: that needs the engine before its first chunk, and loads more of Node's streams. */
function pairOf(
  start: (first: Uint8Array) => Engine,
  frames: ZstdFrames | undefined,
): ReadableWritablePair<Uint8Array, Uint8Array> {
  const pipe = new Pipe(start, frames);
  return {
    readable: new ReadableStream<Uint8Array>({
      start: (output) => pipe.opened(output),
      pull: () => pipe.pull(),
      cancel: (reason) => pipe.stop(reason),
    }),
    writable: new WritableStream<Uint8Array>({
      write: (chunk) => pipe.write(chunk),
      close: () => pipe.close(),
      abort: (reason) => pipe.fail(reason),
    }),
  };
}

function written(engine: Engine, chunk: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    engine.write(chunk, (error) => (error ? reject(error) : resolve()));
  });
}
