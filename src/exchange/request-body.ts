/** Request body: the forms in which an upload gets what it sends: bytes in memory, or pieces from a reader. */

import type { ReadBlob, RunInContext } from "../contract/transport.ts";

/** A body in memory. */
export interface BytesBody {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
  /** The length when the request was made. The buffer's own changes if it is transferred or shrunk later. */
  readonly length: number;
}

/** A body that comes in pieces. */
export interface StreamBody {
  readonly kind: "stream";
  /** Its length, if known. */
  readonly length: number | undefined;
  /** Whether {@linkcode open} may be called again. */
  readonly replayable: boolean;
  /** Whether it runs functions of the caller, which must run in the caller's async context. */
  readonly foreign: boolean;
  /** Reads all of it at once, where it is short, has a known length and runs no functions of the caller. It may be called again. */
  readonly whole?: ReadWhole | undefined;
  /** Starts reading. May throw what the caller's functions throw. */
  open(): PieceReader;
  /** The fields behind the body, as `name: value CR LF`. Asked for when all of it was written. May throw likewise. */
  readonly trailers?: (() => string | Promise<string>) | undefined;
  /** The body will not be read. May throw likewise. Harmless after {@linkcode open}. */
  cancel(reason: unknown): unknown;
}

/** Where a body is put together that is read within a call. */
export interface LentMemory {
  readonly readBlob: ReadBlob;
  take(length: number): Uint8Array<ArrayBuffer>;
}

/** See {@linkcode StreamBody.whole}. The bytes are in memory that `memory` has lent, or that only they are in, if it is given. */
export type ReadWhole = (memory?: LentMemory) => Uint8Array | Promise<Uint8Array>;

/** A request body that can be sent, and perhaps sent again. */
export type RequestBody = BytesBody | StreamBody;

/** The result of {@linkcode PieceReader.read}. */
export interface Piece {
  readonly done?: boolean | undefined;
  /** Bytes, unless the source is faulty. */
  readonly value?: unknown;
}

/** Reads a body piece by piece. The reader of a `ReadableStream` has this shape. */
export interface PieceReader {
  read(): PromiseLike<Piece>;
  /** The rest will not be read. */
  cancel(reason: unknown): unknown;
}

/** Cancels a body or its reader. A failure to cancel is ignored. */
export function cancelQuietly(target: { cancel(reason: unknown): unknown }, reason: unknown): void {
  try {
    silence(target.cancel(reason));
  } catch {
    // A function of the caller threw. The request still ends with the error that ended it.
  }
}

/** Handles the rejection of a promise that is not awaited, which would end the process otherwise. */
export function silence(value: unknown): void {
  if (typeof value === "object" && value !== null && "then" in value) Promise.resolve(value).catch(() => {});
}

/** The request ended before its body was read. */
export function discardBody(body: RequestBody | undefined, reason: unknown): void {
  if (body?.kind === "stream") cancelQuietly(body, reason);
}

/** The same body, with its functions run by `run`, in the async context of the caller. */
export function inContext(body: StreamBody, run: RunInContext): StreamBody {
  const { trailers } = body;
  return {
    ...body,
    foreign: false,
    trailers: trailers === undefined ? undefined : () => run(trailers),
    open: () =>
      readerInContext(
        run(() => body.open()),
        run,
      ),
    cancel: (reason) => run(() => body.cancel(reason)),
  };
}

function readerInContext(reader: PieceReader, run: RunInContext): PieceReader {
  const read = (): PromiseLike<Piece> => reader.read();
  return { read: () => run(read), cancel: (reason) => run(() => reader.cancel(reason)) };
}
