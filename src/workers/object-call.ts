/** Object call: one request that reaches the object, from what crossed the boundary to a request of its pool, and back. */

import { HoldfastError } from "../contract/errors.ts";
import type { Pool } from "../create-pool.ts";
import { asciiBytes } from "../exchange/ascii.ts";
import type { ResponseBody } from "../exchange/response-body.ts";
import {
  directBodyOf,
  type FetchResponse,
  holdsWholeBody,
  isConstructible,
} from "../fetch/fetch-response.ts";
import { NULL_BODY } from "../fetch/make-response.ts";
import { wireBodyOf } from "../fetch/pool-response.ts";
import { isRedirect } from "../fetch/redirect.ts";
import type { RequestOptions } from "../fetch/request.ts";
import { remoteErrorOf } from "./remote-error.ts";
import {
  ANSWER_FIELD,
  asciiJson,
  type Pairs,
  type RemoteAnswer,
  type RemoteCall,
  type RemoteHead,
  type RemoteOutcome,
  restoredOptions,
  toldConnection,
} from "./wire-format.ts";

/** Bodies up to this length are collected first: they are sent with the head in one write, and can be sent again. */
const COLLECTED = 1024 * 1024;

/** Where a call says how it ended. */
export interface CallRecords {
  /** A number for a body that is under way. */
  nextId(): string;
  ended(id: string, outcome: RemoteOutcome): void;
}

/** The answer to a call. It never rejects: the error is in the answer. */
export async function answerCall(
  pool: Pool,
  request: Request,
  call: RemoteCall,
  signal: AbortSignal | undefined,
  records: CallRecords,
): Promise<Response> {
  try {
    const asked = await askedOf(request, call, signal);
    const answer = call.by === "fetch" ? byFetch : byRequest;
    return await answer(pool, request.url, asked, call, records);
  } catch (error) {
    if (call.id !== undefined) records.ended(call.id, {});
    return errorAnswer(error);
  }
}

/** The answer that carries an error. */
export function errorAnswer(error: unknown): Response {
  return told({ error: remoteErrorOf(causeOf(error)) }, null);
}

/** `fetch` wraps the error of the pool. */
function causeOf(error: unknown): unknown {
  const { cause } = Object(error) as { readonly cause?: unknown };
  return cause instanceof HoldfastError ? cause : error;
}

/** An answer whose fields are told: the platform must not see them. */
function told(answer: RemoteAnswer, body: BodyInit | null): Response {
  return new Response(body, { headers: { [ANSWER_FIELD]: asciiJson(answer) } });
}

interface Asked {
  readonly method: string;
  readonly headers?: Pairs;
  readonly body?: Uint8Array | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal;
}

async function askedOf(
  request: Request,
  { headers, length }: RemoteCall,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const { method } = request;
  if (length === undefined && (method === "GET" || method === "HEAD"))
    return {
      method,
      ...(headers === undefined ? {} : { headers }),
      ...(signal === undefined ? {} : { signal }),
    };
  const body = await bodyFrom(request, length);
  return {
    method,
    headers: length === undefined ? (headers ?? []) : withLength(headers ?? [], length),
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  };
}

async function bodyFrom(
  request: Request,
  length: number | undefined,
): Promise<Uint8Array | ReadableStream<Uint8Array> | undefined> {
  if (length === 0) return new Uint8Array(0);
  if (request.body === null) return undefined;
  return length !== undefined && length <= COLLECTED
    ? new Uint8Array(await request.arrayBuffer())
    : request.body;
}

/** The pool adds the length of bytes itself, and refuses one that differs. */
function withLength(headers: Pairs, length: number): Pairs {
  if (headers.some(([name]) => name.toLowerCase() === "content-length")) return headers;
  return [...headers, ["content-length", String(length)]];
}

async function byFetch(
  pool: Pool,
  url: string,
  asked: Asked,
  { id, options }: RemoteCall,
  records: CallRecords,
): Promise<Response> {
  const own = options === undefined ? undefined : { holdfast: restoredOptions(options) };
  const init = asked.body === undefined ? asked : { ...asked, duplex: "half" as const };
  const response = (await pool.fetch(url, { ...init, ...own, redirect: "manual" })) as FetchResponse;
  return fetchedAnswer(response, asked.method, id, records);
}

/** The answer that carries a response of `fetch`. `id`: the number of a request that may be aborted. */
export async function fetchedAnswer(
  response: FetchResponse,
  method: string,
  id: string | undefined,
  records: CallRecords,
): Promise<Response> {
  const head = fetchHead(response);
  const direct = directBodyOf(response);
  const whole = holdsWholeBody(response) || bodiless(response, method);
  if (id !== undefined && (whole || direct?.ended === true)) records.ended(id, {});
  if (whole) return wholeAnswer(response, head);
  if (direct?.ended === true) return collectedAnswer(response, direct, head);
  const number = id ?? records.nextId();
  const streamed = { ...head, body: number };
  if (id === undefined && head.headers === undefined && direct?.failed === false) {
    // The stream of the pool crosses as it is. Its error is noted where it is made.
    noteFailure(direct, number, records);
    response.headers.set(ANSWER_FIELD, asciiJson(streamed));
    return response;
  }
  const stream = watched(response.body ?? emptyBody(), number, records, () => undefined);
  return head.headers === undefined ? carried(stream, response, streamed) : told(streamed, stream);
}

function emptyBody(): ReadableStream<Uint8Array> {
  return new Response("").body as ReadableStream<Uint8Array>;
}

function bodiless({ status }: Response, method: string): boolean {
  return method === "HEAD" || NULL_BODY.has(status);
}

/** What the response of the platform would not say, or would say wrongly: it decodes a body, and reads lengths. */
function fetchHead(response: FetchResponse): RemoteHead {
  const { status, statusText, headers, resendCount } = response;
  const head = {
    connection: toldConnection(response.connection),
    ...(resendCount === 0 ? {} : { resendCount }),
  };
  if (isRedirect(status) || headers.has("content-encoding"))
    return { ...head, status, statusText, headers: [...headers] };
  return isConstructible(status) ? head : { ...head, status, statusText };
}

/** The body is in the slots of the response: a stream in between would cost several times what the request does. */
async function wholeAnswer(response: Response, head: RemoteHead): Promise<Response> {
  if (head.headers !== undefined)
    return told(head, response.body === null ? null : await response.arrayBuffer());
  response.headers.set(ANSWER_FIELD, asciiJson(head));
  return response;
}

/** The body has arrived, and the response has a stream of it that nobody reads. */
function collectedAnswer(response: Response, body: ResponseBody, head: RemoteHead): Response {
  const bytes = contentOf(body);
  if (head.headers !== undefined) return told(head, bytes);
  const answer = carried(bytes, response, head);
  answer.headers.delete("transfer-encoding");
  return answer;
}

function contentOf(body: ResponseBody): Uint8Array<ArrayBuffer> {
  const content = body.takeContent() ?? "";
  const bytes = typeof content === "string" ? asciiBytes(content) : content;
  return bytes as Uint8Array<ArrayBuffer>;
}

/** An answer with the fields of a response, and another body. */
function carried(body: BodyInit, { status, statusText, headers }: Response, head: RemoteHead): Response {
  const known = isConstructible(status) ? { status, statusText } : { status: 502 };
  const answer = new Response(body, { ...known, headers });
  answer.headers.set(ANSWER_FIELD, asciiJson(head));
  return answer;
}

async function byRequest(
  pool: Pool,
  url: string,
  asked: Asked,
  { id, options = {} }: RemoteCall,
  records: CallRecords,
): Promise<Response> {
  const given: RequestOptions = restoredOptions(options);
  const response = await pool.request(url, { ...given, ...asked });
  const { status, statusText, headers, resendCount } = response;
  const body = wireBodyOf(response);
  const head: RemoteHead = {
    connection: toldConnection(response.connection),
    status,
    statusText,
    headers: [...headers],
    ...(resendCount === 0 ? {} : { resendCount }),
  };
  if (body.ended) {
    if (id !== undefined) records.ended(id, {});
    const bytes = contentOf(body);
    const { trailers } = response;
    return told(trailers.length === 0 ? head : { ...head, trailers }, bytes);
  }
  const number = id ?? records.nextId();
  const mayTrail = !headers.has("content-length");
  if (id === undefined && !mayTrail && !body.failed) {
    noteFailure(body, number, records);
    return told({ ...head, body: number }, response.body);
  }
  const stream = watched(response.body, number, records, () => response.trailers);
  return told({ ...head, body: number, ...(mayTrail ? { trailers: "later" } : {}) }, stream);
}

/** Notes the error of a body where it is made: a stream that crosses loses its class, its code and its cause. */
function noteFailure(body: ResponseBody, id: string, records: CallRecords): void {
  const { translate } = body;
  const noted = (error: unknown) => {
    records.ended(id, { error: remoteErrorOf(error) });
    return translate === undefined ? error : translate(error);
  };
  body.translate = noted;
}

/** The body as it comes, where its end must be known, or where a decoder may fail. */
function watched(
  stream: ReadableStream<Uint8Array>,
  id: string,
  records: CallRecords,
  trailers: () => Pairs | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          records.ended(id, { trailers: trailers() });
          controller.close();
        } catch (error) {
          records.ended(id, { error: remoteErrorOf(causeOf(error)) });
          controller.error(error);
        }
      },
      cancel(reason) {
        records.ended(id, {});
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}
