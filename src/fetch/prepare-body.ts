/**
 * Prepare body: from anything that a caller may send to a {@linkcode RequestBody} that the wire can send: every kind of
 * body that the fetch standard knows, async iterables, and functions that produce one of these.
 */

import { excerpt } from "../contract/excerpt.ts";
import { cancelQuietly, type RequestBody, type StreamBody, silence } from "../exchange/request-body.ts";
import { FIELD_TEXT } from "../http1/syntax.ts";
import { type FormEntry, formParts, newBoundary } from "./multipart.ts";
import {
  type BlobLike,
  blobPart,
  isAsyncIterable,
  isStream,
  lengthOf,
  type Part,
  partsReader,
  readerOf,
  wholeOf,
} from "./pieces.ts";

/** What may be sent as a body. */
export type BodySource =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | Blob
  | FormData
  | URLSearchParams
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

/** A body ready to be sent. */
export interface PreparedBody {
  readonly body: RequestBody;
  /** Sent as `Content-Type` where the caller gives none. */
  readonly contentType: string | undefined;
}

/** How a body is prepared. */
export interface BodyOptions {
  /** The caller's `Content-Length`, for a stream. */
  readonly length?: number | undefined;
  /** Whether bytes are copied, so that the caller may change the originals at once. */
  readonly copy: boolean;
  /** Whether everything is taken that the standard takes: a transferred buffer as empty, anything else as its text. */
  readonly standard?: boolean;
  /** Separates the parts of a form. A form that is produced again keeps the boundary named in its `Content-Type`. */
  readonly boundary?: string | undefined;
  /** Makes the error to throw from one that the body's own functions threw. */
  readonly toError: (cause: unknown) => Error;
}

/** What is wrong with a body: the words that follow "Request body". */
type Flaw = string;

const encoder = new TextEncoder();

/**
 * Prepares a body. Everything about it that can change later is read in this call.
 *
 * @throws {TypeError} when it is no kind of body, or a stream that is in use. What `options.toError` makes of an error
 * that the body's own functions threw.
 */
export function prepareBody(source: BodySource, options: BodyOptions): PreparedBody {
  let prepared: PreparedBody | Flaw;
  try {
    prepared = read(source, options);
  } catch (cause) {
    throw options.toError(cause);
  }
  return refuseFlawed(prepared);
}

/**
 * Prepares a body that a function produces. The function is called now. Bytes are kept for a resend; for anything else
 * the function is called again.
 *
 * @throws What `options.toError` makes of any error: a function that produces something else than a body has failed in
 * its work, so this is not a wrong argument of the call.
 */
export function prepareProducedBody(produce: () => BodySource, options: BodyOptions): PreparedBody {
  const fixed = { ...options, boundary: newBoundary() };
  let first: PreparedBody;
  try {
    first = refuseFlawed(read(produce(), fixed));
  } catch (cause) {
    throw options.toError(cause);
  }
  const { body, contentType } = first;
  return body.kind === "bytes" ? first : { body: producedStream(produce, body, fixed), contentType };
}

/** A stream that can be sent again, because the function produces it anew. */
function producedStream(produce: () => BodySource, first: StreamBody, options: BodyOptions): StreamBody {
  const { length } = first;
  let unopened: StreamBody | undefined = first;
  return {
    kind: "stream",
    length,
    replayable: true,
    foreign: true,
    open() {
      const body = unopened ?? producedAgain(produce, length, options);
      unopened = undefined;
      return body.open();
    },
    cancel(reason) {
      if (unopened !== undefined) cancelQuietly(unopened, reason);
      unopened = undefined;
    },
  };
}

function producedAgain(
  produce: () => BodySource,
  length: number | undefined,
  options: BodyOptions,
): StreamBody {
  const { body } = refuseFlawed(read(produce(), options));
  if (body.kind === "stream" && body.length === length) return body;
  const [got, before] = [inWords(body), inWords({ kind: "stream", length })];
  throw new TypeError(
    `The function that makes the request body must make the same kind each time, as long as before: got ${got} after ${before}`,
  );
}

function inWords({ kind, length }: Pick<RequestBody, "kind" | "length">): string {
  return `${kind === "bytes" ? "bytes" : "a stream"} of ${length === undefined ? "unknown length" : `length ${length}`}`;
}

function refuseFlawed(prepared: PreparedBody | Flaw): PreparedBody {
  if (typeof prepared === "string") throw new TypeError(`Request body ${prepared}`);
  return prepared;
}

function read(source: BodySource, options: BodyOptions): PreparedBody | Flaw {
  if (typeof source === "string") return preparedBytes(encoder.encode(source), "text/plain;charset=UTF-8");
  if (typeof source !== "object" || source === null) return unknownKind(source, options);
  if (ArrayBuffer.isView(source)) {
    if (isGone(source.buffer, options)) return preparedBytes(new Uint8Array(0));
    const { buffer, byteOffset, byteLength } = source;
    return bufferBody(buffer, byteOffset, byteLength, options);
  }
  switch (kindOf(source)) {
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      if (isGone(source as ArrayBuffer, options)) return preparedBytes(new Uint8Array(0));
      return bufferBody(source as ArrayBuffer, 0, (source as ArrayBuffer).byteLength, options);
    case "URLSearchParams":
      return preparedBytes(encoder.encode(String(source)), "application/x-www-form-urlencoded;charset=UTF-8");
    case "Blob":
    case "File":
      return blobBody(source as BlobLike);
    case "FormData":
      return formBody(source, options);
    default:
      return streamBody(source, options);
  }
}

/** By name rather than `instanceof`: libraries and other realms have classes of their own. */
function kindOf(source: object): string {
  return Object.prototype.toString.call(source).slice(8, -1);
}

/** A body of bytes. */
export function preparedBytes(bytes: Uint8Array, contentType?: string): PreparedBody {
  return { body: { kind: "bytes", bytes, length: bytes.length }, contentType };
}

/** Whether the standard takes it as empty: its bytes were transferred to somebody else (Web IDL, "get a copy of the bytes"). */
function isGone(buffer: ArrayBufferLike, { standard }: BodyOptions): boolean {
  return standard === true && buffer.byteLength === 0;
}

/** The length is given to the view: without it, a view of a resizable buffer would change its length with the buffer. */
function bufferBody(
  buffer: ArrayBufferLike,
  start: number,
  length: number,
  { copy }: BodyOptions,
): PreparedBody {
  const view = new Uint8Array(buffer as ArrayBuffer, start, length);
  return preparedBytes(copy ? view.slice() : view);
}

function blobBody(blob: BlobLike): PreparedBody | Flaw {
  const flaw = blobFlaw(blob);
  if (flaw !== undefined) return `is a Blob ${flaw}`;
  const { type } = blob;
  return { body: sourcesBody([blobPart(blob)]), contentType: type === "" ? undefined : type };
}

/** What in a Blob of another library would break the head, or the form that the Blob is part of. */
function blobFlaw({ type, size, stream, arrayBuffer }: BlobLike): Flaw | undefined {
  if (typeof type !== "string" || !FIELD_TEXT.test(type)) return "whose type is no field value";
  const isSize = typeof size === "number" && size >= 0 && (Number.isSafeInteger(size) || size === Infinity);
  if (!isSize && size !== undefined) return "whose size is no whole number";
  const readable = typeof stream === "function" || typeof arrayBuffer === "function";
  return readable ? undefined : "that cannot be read";
}

function formBody(source: object, { boundary = newBoundary() }: BodyOptions): PreparedBody | Flaw {
  if (!(Symbol.iterator in source))
    return "is a FormData that is not the standard's: its entries cannot be read";
  const parts = formParts(source as Iterable<FormEntry>, boundary, blobFlaw);
  if (typeof parts === "string") return `is a FormData with a Blob ${parts}`;
  return { body: partsBody(parts), contentType: `multipart/form-data; boundary=${boundary}` };
}

/** A body of several parts, read one after the other; a single part of bytes is sent as bytes. */
export function partsBody(parts: readonly Part[]): RequestBody {
  const [first] = parts;
  if (parts.length === 1 && first instanceof Uint8Array)
    return { kind: "bytes", bytes: first, length: first.length };
  return sourcesBody(parts);
}

function sourcesBody(parts: readonly Part[]): StreamBody {
  const length = lengthOf(parts);
  let foreign = false;
  for (const part of parts) if (!(part instanceof Uint8Array) && part.foreign) foreign = true;
  const [whole, open] = [wholeOf(parts, length), () => partsReader(parts)];
  return { kind: "stream", length, replayable: true, foreign, whole, open, cancel() {} };
}

function streamBody(source: object, options: BodyOptions): PreparedBody | Flaw {
  const isOne = isStream(source);
  if (!isOne && !isAsyncIterable(source)) return unknownKind(source, options);
  const { length } = options;
  if (isOne && isUsed(source)) return "is a stream that is locked or was read already";
  let opened = false;
  const open = () => {
    opened = true;
    return readerOf(source);
  };
  const cancel = (reason: unknown): unknown => {
    if (opened) return undefined;
    return isOne ? source.cancel(reason) : readerOf(source).cancel(reason);
  };
  return {
    body: { kind: "stream", length, replayable: false, foreign: true, open, cancel },
    contentType: undefined,
  };
}

/**
 * A stream that was read and released again would be sent as an empty body. No member tells, but the constructor of
 * `Response` refuses such a stream.
 */
function isUsed(stream: ReadableStream<Uint8Array>): boolean {
  if (stream.locked) return true;
  if (!(stream instanceof ReadableStream)) return false;
  try {
    new Response(stream);
    return false;
  } catch {
    return true;
  }
}

/** A promise or a function is always a mistake, though the standard would send its text. */
function unknownKind(value: unknown, { standard }: BodyOptions): PreparedBody | Flaw {
  const mistaken =
    typeof value === "function" || (typeof value === "object" && value !== null && "then" in value);
  if (standard === true && !mistaken)
    return preparedBytes(encoder.encode(`${value as string}`), "text/plain;charset=UTF-8");
  // The rejection of a promise must not end the process.
  silence(value);
  return `must be a string, bytes, Blob, FormData, URLSearchParams or stream: got ${describe(value)}`;
}

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? excerpt(kindOf(value)) : excerpt(String(value));
}
