/**
 * Body: every kind of request body the fetch standard knows, and async iterables and factories beside, made into
 * what the wire sends: bytes where they are at hand, else a stream.
 */

import type { RequestBody } from "../http1/upload.ts";

/** What may be sent as a body. Bytes must not be changed until the request is over. */
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

const encoder = new TextEncoder();

/**
 * Prepares a body. A `FormData` takes a moment, because its length must be known; all else is ready at once.
 *
 * @param length The caller's `Content-Length`, for a stream.
 * @throws {TypeError} when it is no kind of body, or a stream that is in use.
 */
export function prepareBody(source: BodySource, length?: number): PreparedBody | Promise<PreparedBody> {
  if (typeof source === "string") return bytesBody(encoder.encode(source), "text/plain;charset=UTF-8");
  if (source instanceof ArrayBuffer) return bytesBody(new Uint8Array(source));
  if (ArrayBuffer.isView(source)) {
    return bytesBody(new Uint8Array(source.buffer as ArrayBuffer, source.byteOffset, source.byteLength));
  }
  switch (kindOf(source)) {
    case "URLSearchParams":
      return bytesBody(encoder.encode(String(source)), "application/x-www-form-urlencoded;charset=UTF-8");
    case "Blob":
    case "File":
      return blobBody(source as Blob);
    case "FormData":
      return formBody(source as FormData);
    default:
      return streamBody(source, length);
  }
}

/** By name rather than `instanceof`: libraries bring classes of their own, and other realms have theirs. */
function kindOf(source: object): string {
  return Object.prototype.toString.call(source).slice(8, -1);
}

function bytesBody(bytes: Uint8Array, contentType?: string): PreparedBody {
  return { body: { kind: "bytes", bytes }, contentType };
}

function blobBody(blob: Blob): PreparedBody {
  const contentType = blob.type === "" ? undefined : blob.type;
  return {
    body: { kind: "stream", length: blob.size, replayable: true, open: () => blob.stream() },
    contentType,
  };
}

async function formBody(source: FormData): Promise<PreparedBody> {
  const encoded = new Response(source instanceof FormData ? source : await ownForm(source));
  // Not the blob's own type: that is in lower case, and a boundary is not.
  const contentType = encoded.headers.get("content-type") ?? undefined;
  return { ...blobBody(await encoded.blob()), contentType };
}

/** A `FormData` of another library, entry by entry: `Response` would take it for a string. */
async function ownForm(source: object): Promise<FormData> {
  if (!(Symbol.iterator in source))
    throw new TypeError("Request body is a FormData that is not the standard's: its entries cannot be read");
  const form = new FormData();
  for (const [name, value] of source as Iterable<[string, File | string]>) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([await value.arrayBuffer()], { type: value.type }), value.name);
  }
  return form;
}

function streamBody(source: unknown, length: number | undefined): PreparedBody {
  const stream = streamOf(source);
  if (stream === undefined) {
    throw new TypeError(
      `Request body must be a string, bytes, Blob, FormData, URLSearchParams or stream: got ${describe(source)}`,
    );
  }
  if (stream.locked) throw new TypeError("Request body is a stream that is locked or was read already");
  return { body: { kind: "stream", length, replayable: false, open: () => stream }, contentType: undefined };
}

function streamOf(source: unknown): ReadableStream<Uint8Array> | undefined {
  if (typeof source !== "object" || source === null) return undefined;
  if ("getReader" in source) return source as ReadableStream<Uint8Array>;
  if (Symbol.asyncIterator in source) return iterableStream(source as AsyncIterable<Uint8Array>);
  return undefined;
}

function iterableStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done === true) controller.close();
        else controller.enqueue(typeof value === "string" ? encoder.encode(value) : value);
      },
      async cancel(reason) {
        await iterator.return?.(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

function describe(value: unknown): string {
  return typeof value === "object" && value !== null ? kindOf(value) : String(value);
}
