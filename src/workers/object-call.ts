/** Object call: one request that reaches the object, from what crossed the boundary to a request of its pool, and back. */

import { HoldfastError } from "../contract/errors.ts";
import type { Pool } from "../create-pool.ts";
import { connectionOf } from "../fetch/connection-of.ts";
import { holdsWholeBody } from "../fetch/fetch-response.ts";
import type { RequestOptions } from "../fetch/request.ts";
import {
  ANSWER_FIELD,
  CALL_FIELD,
  fieldOf,
  type Pairs,
  type RemoteAnswer,
  type RemoteCall,
  type RemoteHead,
  type RemoteOutcome,
  remoteErrorOf,
  restoredOption,
} from "./wire-format.ts";

/** Bodies up to this length are collected first: they are sent with the head in one write, and can be sent again. */
const COLLECTED = 1024 * 1024;

/** Where a call says how it ended. */
export interface CallRecords {
  ended(id: string, outcome: RemoteOutcome): void;
}

/** What the caller asks for; `undefined` for a request that no `remotePool()` made. */
export function callOf(request: Request): RemoteCall | undefined {
  const field = request.headers.get(CALL_FIELD);
  return field === null ? undefined : (JSON.parse(field) as RemoteCall);
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
    const body = await bodyOf(request, call.length);
    const headers = call.length === undefined ? call.headers : withLength(call.headers, call.length);
    const { method, url } = request;
    if (call.by === "fetch")
      return await byFetch(
        pool,
        call,
        url,
        { method, headers, body, ...(signal === undefined ? {} : { signal }) },
        records,
      );
    return await byRequest(
      pool,
      call,
      url,
      { method, headers, body, ...(signal === undefined ? {} : { signal }) },
      records,
    );
  } catch (error) {
    records.ended(call.id, {});
    return errorAnswer(error);
  }
}

/** The answer that carries an error. */
export function errorAnswer(error: unknown): Response {
  const { cause } = Object(error) as { readonly cause?: unknown };
  const told = cause instanceof HoldfastError ? cause : error;
  return answer({ error: remoteErrorOf(told) }, null);
}

function answer(
  told: RemoteAnswer,
  body: ReadableStream<Uint8Array> | Uint8Array<ArrayBuffer> | null,
): Response {
  return new Response(body, { headers: { [ANSWER_FIELD]: fieldOf(told) } });
}

async function bodyOf(
  request: Request,
  length: number | undefined,
): Promise<Uint8Array | ReadableStream<Uint8Array> | undefined> {
  if (length === 0) return new Uint8Array(0);
  if (request.body === null) return undefined;
  return length !== undefined && length <= COLLECTED
    ? new Uint8Array(await request.arrayBuffer())
    : request.body;
}

function withLength(headers: Pairs, length: number): Pairs {
  if (headers.some(([name]) => name.toLowerCase() === "content-length")) return headers;
  return [...headers, ["content-length", String(length)]];
}

interface Asked {
  readonly method: string;
  readonly headers: Pairs;
  readonly body: Uint8Array | ReadableStream<Uint8Array> | undefined;
  readonly signal?: AbortSignal;
}

async function byFetch(
  pool: Pool,
  { id }: RemoteCall,
  url: string,
  { body, ...asked }: Asked,
  records: CallRecords,
): Promise<Response> {
  const init = body === undefined ? asked : { ...asked, body, duplex: "half" as const };
  const response = await pool.fetch(url, { ...init, redirect: "manual" });
  const { status, statusText, headers } = response;
  const { resendCount = 0 } = response as { readonly resendCount?: number };
  const whole = holdsWholeBody(response) && !headers.has("content-encoding");
  const head: RemoteHead = {
    status,
    statusText,
    headers: [...headers],
    connection: connectionOf(response),
    resendCount,
    trailers: false,
    whole,
  };
  if (whole) {
    // Sent as it is: a stream in between would cost several times what the request does (workerd 1.20261117).
    headers.set(ANSWER_FIELD, fieldOf({ head }));
    records.ended(id, {});
    return response;
  }
  const stream = response.body === null ? null : watched(response.body, id, records, () => undefined);
  if (stream === null) records.ended(id, {});
  return answer({ head }, stream);
}

async function byRequest(
  pool: Pool,
  { id, options }: RemoteCall,
  url: string,
  { body, ...asked }: Asked,
  records: CallRecords,
): Promise<Response> {
  const given = Object.fromEntries(
    Object.entries(options).map(([name, value]) => [name, restoredOption(value)]),
  ) as RequestOptions;
  // The pool adds the length of bytes itself, and refuses one that differs.
  const response = await pool.request(url, {
    ...given,
    ...asked,
    ...(body === undefined ? {} : { body }),
  });
  const { status, statusText, headers, connection, resendCount } = response;
  const trailers = !headers.has("content-length");
  const head: RemoteHead = {
    status,
    statusText,
    headers: [...headers],
    connection,
    resendCount,
    trailers,
    whole: false,
  };
  return answer(
    { head },
    watched(response.body, id, records, () => response.trailers),
  );
}

/**
 * The body as it comes. How it ended is noted under the number of the call, because a stream that crosses the boundary loses
 * the class, the code and the cause of its error.
 */
function watched(
  stream: ReadableStream<Uint8Array>,
  id: string,
  records: CallRecords,
  trailers: () => Pairs | undefined,
): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          records.ended(id, { trailers: trailers() });
          controller.close();
        } catch (error) {
          const { cause } = Object(error) as { readonly cause?: unknown };
          records.ended(id, { error: remoteErrorOf(cause instanceof HoldfastError ? cause : error) });
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
