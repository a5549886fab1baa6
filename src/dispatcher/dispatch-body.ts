/** Dispatch body: the kinds of body that undici takes, as bodies of the pool. */

import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import type { Origin } from "../contract/origin.ts";
import type { StreamBody } from "../exchange/request-body.ts";
import { requestBodyError } from "../fetch/fetch-errors.ts";
import { readerOf } from "../fetch/pieces.ts";
import { type BodySource, type PreparedBody, prepareBody, preparedBytes } from "../fetch/prepare-body.ts";

/**
 * Prepares a body. Bytes are not copied, and a string gets no `Content-Type`, as with undici. `undefined` for none, and for an
 * empty one in memory.
 *
 * @throws {TypeError} when it is no kind of body.
 */
export function preparedDispatchBody(
  source: unknown,
  length: number | undefined,
  { key }: Origin,
  method: string,
): PreparedBody | undefined {
  if (source === undefined || source === null || source === "") return undefined;
  if (typeof source === "string") return preparedBytes(Buffer.from(source));
  if (isNodeStream(source)) return { body: nodeStreamBody(source, length), contentType: undefined };
  const toError = (cause: unknown) => requestBodyError(key, method, cause);
  const prepared = prepareBody(isPlainIterable(source) ? asynchronous(source) : (source as BodySource), {
    length,
    copy: false,
    toError,
  });
  const { body } = prepared;
  return body.kind === "bytes" && body.length === 0 ? undefined : prepared;
}

/** As undici recognises one. */
function isNodeStream(source: unknown): source is Readable {
  if (typeof source !== "object" || source === null) return false;
  const { pipe, on } = source as { readonly pipe?: unknown; readonly on?: unknown };
  return typeof pipe === "function" && typeof on === "function";
}

/**
 * A stream of Node is destroyed where its request ends before it was read. Its `error` event has a listener for good: the
 * request tells of it, and without one the process would end.
 */
function nodeStreamBody(stream: Readable, length: number | undefined): StreamBody {
  let opened = false;
  stream.on("error", () => {});
  return {
    kind: "stream",
    length,
    replayable: false,
    foreign: true,
    open() {
      opened = true;
      return readerOf(stream);
    },
    cancel(reason) {
      if (!opened) stream.destroy(reason instanceof Error ? reason : undefined);
    },
  };
}

/** Objects that are iterable, and are bodies of another kind. */
const OTHER_KINDS: ReadonlySet<string> = new Set(["FormData", "URLSearchParams", "Blob", "File"]);

function isPlainIterable(source: unknown): source is Iterable<unknown> {
  if (typeof source !== "object" || source === null || ArrayBuffer.isView(source)) return false;
  if (Symbol.asyncIterator in source || !(Symbol.iterator in source)) return false;
  return !OTHER_KINDS.has(Object.prototype.toString.call(source).slice(8, -1));
}

async function* asynchronous(source: Iterable<unknown>): AsyncGenerator<Uint8Array> {
  for (const piece of source) yield piece as Uint8Array;
}
