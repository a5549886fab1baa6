/** Request body: what an upload sends, however it is had: bytes that are at hand, or pieces that somebody gives. */

import type { RunInContext } from "../contract/transport.ts";

/** A body that is at hand. */
export interface BytesBody {
  readonly kind: "bytes";
  readonly bytes: Uint8Array;
  /** As it was announced: a buffer that is transferred or shrunk later has another. */
  readonly length: number;
}

/** A body that comes in pieces. */
export interface StreamBody {
  readonly kind: "stream";
  /** Its length, where it is known; else it is sent chunked. */
  readonly length: number | undefined;
  /** Whether {@linkcode open} may be called again. */
  readonly replayable: boolean;
  /** Whether it runs functions of the caller, which expect to run in the caller's async context. */
  readonly foreign: boolean;
  /** Begins to read it. May throw what the caller's functions throw. */
  open(): PieceReader;
  /** It will not be read. May throw likewise; harmless after {@linkcode open}. */
  cancel(reason: unknown): unknown;
}

/** A request body that can be sent, and perhaps sent again. */
export type RequestBody = BytesBody | StreamBody;

/** What {@linkcode PieceReader.read} gives. */
export interface Piece {
  readonly done?: boolean | undefined;
  /** Bytes, if whoever gives it keeps to the rules. */
  readonly value?: unknown;
}

/** Reads a body piece by piece. A reader of a `ReadableStream` is one. */
export interface PieceReader {
  read(): PromiseLike<Piece>;
  /** Nobody wants the rest. */
  cancel(reason: unknown): unknown;
}

/** Tells whoever gives the pieces that nobody wants them. What they make of it changes nothing. */
export function cancelQuietly(target: { cancel(reason: unknown): unknown }, reason: unknown): void {
  try {
    silence(target.cancel(reason));
  } catch {
    // The caller's own function: the request ends with what ended it.
  }
}

/** A promise that nobody waits for must not end the process when it rejects. */
export function silence(value: unknown): void {
  if (typeof value === "object" && value !== null && "then" in value) Promise.resolve(value).catch(() => {});
}

/** The request ended before its body was read. */
export function discardBody(body: RequestBody | undefined, reason: unknown): void {
  if (body?.kind === "stream") cancelQuietly(body, reason);
}

/** The body, whose functions run in the context that `run` remembers, whoever's callback asks for a piece. */
export function inContext(body: StreamBody, run: RunInContext): StreamBody {
  return {
    ...body,
    foreign: false,
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
