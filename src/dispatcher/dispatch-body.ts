/** Dispatch body: the kinds of body that undici takes, as bodies of the pool. */

import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import type { RequestBody, StreamBody } from "../exchange/request-body.ts";
import type { ReadContext } from "../fetch/call-context.ts";
import { requestBodyError } from "../fetch/fetch-errors.ts";
import { LengthProbe } from "../fetch/length-probe.ts";
import { isAsyncIterable, readerOf } from "../fetch/pieces.ts";
import { type BodySource, type PreparedBody, prepareBody, preparedBytes } from "../fetch/prepare-body.ts";

/**
 * The largest body of known length that is looked at before it is sent. `fetch` of undici gives every body as a generator, also
 * one that lies in memory. Read whole, it leaves together with the head, and can be sent again.
 */
const PROBED = 65_536;

/** A body that is looked at while its request is made. */
export interface ProbedBody extends StreamBody {
  readonly probe: LengthProbe;
}

/** Whether it is one. */
export function isProbed(body: RequestBody | undefined): body is ProbedBody {
  return body !== undefined && "probe" in body;
}

/**
 * Prepares a body. Bytes are not copied, and a string gets no `Content-Type`, as with undici. `undefined` for none, and for an
 * empty one in memory.
 *
 * @throws {TypeError} when it is no kind of body.
 */
export function preparedDispatchBody(
  source: unknown,
  length: number | undefined,
  {
    key,
    method,
    clock,
  }: { readonly key: string; readonly method: string; readonly clock: ReadContext["clock"] },
): PreparedBody | undefined {
  if (source === undefined || source === null || source === "") return undefined;
  if (typeof source === "string") return preparedBytes(Buffer.from(source));
  if (isNodeStream(source)) return { body: nodeStreamBody(source, length), contentType: undefined };
  const toError = (cause: unknown) => requestBodyError(key, method, cause);
  if (length !== undefined && length <= PROBED && isAsyncIterable(source) && !isWebStream(source))
    return {
      body: probedBody(new LengthProbe(source, { clock, length, toError }), length),
      contentType: undefined,
    };
  const prepared = prepareBody(isPlainIterable(source) ? asynchronous(source) : (source as BodySource), {
    length,
    copy: false,
    toError,
  });
  const { body } = prepared;
  return body.kind === "bytes" && body.length === 0 ? undefined : prepared;
}

function isWebStream(source: object): boolean {
  return "getReader" in source;
}

function probedBody(probe: LengthProbe, length: number): ProbedBody {
  const open = (): never => {
    throw new Error("A body that is being looked at is not sent");
  };
  return {
    kind: "stream",
    length,
    replayable: false,
    foreign: false,
    probe,
    open,
    cancel: (reason) => probe.cancel(reason),
  };
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
