/**
 * Body: every kind of request body the fetch standard knows, and async iterables beside, made into what the wire
 * sends: bytes where they are at hand, else pieces.
 */

import { excerpt } from "../contract/excerpt.ts";
import { type RequestBody, type StreamBody, silence } from "../exchange/request-body.ts";
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
export interface BodyTerms {
  /** The caller's `Content-Length`, for a stream. */
  readonly length?: number | undefined;
  /** Bytes are copied, so that the caller may change them at once. */
  readonly copy: boolean;
  /** Separates the parts of a form; one that is made again keeps that of its `Content-Type`. */
  readonly boundary?: string | undefined;
  /** Makes the error of what the body's own functions threw. */
  readonly unsent: (cause: unknown) => Error;
}

const encoder = new TextEncoder();

/**
 * Prepares a body: all of it that can change later is read now.
 *
 * @throws {TypeError} when it is no kind of body, or a stream that is in use. What `terms.unsent` makes of an error that
 * the body's own functions threw.
 */
export function prepareBody(source: BodySource, terms: BodyTerms): PreparedBody {
  let prepared: PreparedBody | Refusal;
  try {
    prepared = read(source, terms);
  } catch (cause) {
    throw terms.unsent(cause);
  }
  return accepted(prepared);
}

/** The same, but what its own functions throw is thrown as it is. */
export function readBody(source: BodySource, terms: BodyTerms): PreparedBody {
  return accepted(read(source, terms));
}

function accepted(prepared: PreparedBody | Refusal): PreparedBody {
  if (typeof prepared === "string") throw new TypeError(`Request body ${prepared}`);
  return prepared;
}

/** What is wrong with a body. */
type Refusal = string;

function read(source: BodySource, terms: BodyTerms): PreparedBody | Refusal {
  if (typeof source === "string") return preparedBytes(encoder.encode(source), "text/plain;charset=UTF-8");
  if (typeof source !== "object" || source === null) return unknownKind(source);
  if (ArrayBuffer.isView(source)) {
    const { buffer, byteOffset, byteLength } = source;
    return bufferBody(buffer, byteOffset, byteLength, terms);
  }
  switch (kindOf(source)) {
    case "ArrayBuffer":
    case "SharedArrayBuffer":
      return bufferBody(source as ArrayBuffer, 0, (source as ArrayBuffer).byteLength, terms);
    case "URLSearchParams":
      return preparedBytes(encoder.encode(String(source)), "application/x-www-form-urlencoded;charset=UTF-8");
    case "Blob":
    case "File":
      return blobBody(source as BlobLike);
    case "FormData":
      return formBody(source, terms);
    default:
      return streamBody(source, terms);
  }
}

/** By name rather than `instanceof`: libraries bring classes of their own, and other realms have theirs. */
function kindOf(source: object): string {
  return Object.prototype.toString.call(source).slice(8, -1);
}

/** A body of bytes. */
export function preparedBytes(bytes: Uint8Array, contentType?: string): PreparedBody {
  return { body: { kind: "bytes", bytes, length: bytes.length }, contentType };
}

/** With a length of its own: a view of a whole buffer that can be resized would follow it. */
function bufferBody(buffer: ArrayBufferLike, start: number, length: number, terms: BodyTerms): PreparedBody {
  const view = new Uint8Array(buffer as ArrayBuffer, start, length);
  return preparedBytes(terms.copy ? view.slice() : view);
}

function blobBody(blob: BlobLike): PreparedBody | Refusal {
  const flaw = blobFlaw(blob);
  if (flaw !== undefined) return `is a Blob ${flaw}`;
  const { size: length, foreign, open } = blobPart(blob);
  const body: StreamBody = { kind: "stream", length, replayable: true, foreign, open, cancel() {} };
  return { body, contentType: blob.type === "" ? undefined : blob.type };
}

/** What of a Blob of another library would break the head, or the form it is part of. */
function blobFlaw({ type, size, stream, arrayBuffer }: BlobLike): string | undefined {
  if (typeof type !== "string" || !FIELD_TEXT.test(type)) return "whose type is no field value";
  const isSize = typeof size === "number" && size >= 0 && (Number.isSafeInteger(size) || size === Infinity);
  if (!isSize && size !== undefined) return "whose size is no whole number";
  const readable = typeof stream === "function" || typeof arrayBuffer === "function";
  return readable ? undefined : "that cannot be read";
}

function formBody(source: object, { boundary = newBoundary() }: BodyTerms): PreparedBody | Refusal {
  if (!(Symbol.iterator in source))
    return "is a FormData that is not the standard's: its entries cannot be read";
  const entries = [...(source as Iterable<FormEntry>)];
  for (const [name, value] of entries) {
    const flaw = typeof value === "string" ? undefined : blobFlaw(value);
    if (flaw !== undefined) return `is a FormData with a Blob ${flaw}: "${excerpt(name)}"`;
  }
  return {
    body: partsBody(formParts(entries, boundary)),
    contentType: `multipart/form-data; boundary=${boundary}`,
  };
}

/** A body of several parts: bytes if they are all at hand and few, else read one after the other. */
export function partsBody(parts: readonly Part[]): RequestBody {
  const [first] = parts;
  if (parts.length === 1 && first instanceof Uint8Array)
    return { kind: "bytes", bytes: first, length: first.length };
  const foreign = parts.some((part) => !(part instanceof Uint8Array) && part.foreign);
  const open = () => partsReader(parts);
  return { kind: "stream", length: lengthOf(parts), replayable: true, foreign, open, cancel() {} };
}

function streamBody(source: object, { length }: BodyTerms): PreparedBody | Refusal {
  const isOne = isStream(source);
  if (!isOne && !isAsyncIterable(source)) return unknownKind(source);
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

/** One that was read, and let go of, would be sent as an empty body. Only a `Response` can tell: it refuses it. */
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

function unknownKind(value: unknown): Refusal {
  // A promise, perhaps, that is about to reject.
  silence(value);
  return `must be a string, bytes, Blob, FormData, URLSearchParams or stream: got ${describe(value)}`;
}

function describe(value: unknown): string {
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? excerpt(kindOf(value)) : excerpt(String(value));
}
