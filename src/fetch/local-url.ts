/**
 * Local URLs: `data:` and `blob:`, which need no connection. The arguments are read here, in the call. A `blob:` URL is read by the
 * runtime's own fetch: only it has the store of the object URLs.
 */

import { OnDemand } from "../contract/on-demand.ts";
import { requestFields } from "../http1/send/request-head.ts";
import { refuseBodyOn, signalOf } from "./arguments.ts";
import { unsentAbort } from "./fetch-errors.ts";
import {
  type FetchInit,
  type FetchInput,
  normalMethod,
  type RequestLike,
  redirectOf,
} from "./fetch-request.ts";
import { headerList } from "./header-list.ts";
import { expectedOf, verifiedBytes } from "./integrity.ts";

type Code = Pick<typeof import("./local-response.ts"), "fromData" | "fromObject">;

/** What makes the responses is loaded with the first. */
const responses: OnDemand<Code> = /* @__PURE__ */ new OnDemand(
  "local URLs",
  () => import("./local-response.ts"),
);

/**
 * As it was when this file was loaded: the program may make the pool's own the global one. Node loads its fetch when it
 * is called, not when it is named.
 */
const runtimesFetch: typeof fetch | undefined = typeof fetch === "undefined" ? undefined : fetch;

/** The scheme, after what the URL parser removes (URL §4.4). */
const LOCAL = /^[\0-\x20]*(?:data|blob):/i;

/** The response, if the URL is a local one. `undefined` for any other. */
export function fetchLocally(input: FetchInput, init: FetchInit | undefined): Promise<Response> | undefined {
  const request =
    isObject(input) && !("href" in input) && "url" in input ? (input as RequestLike) : undefined;
  const url = textOf(request === undefined ? input : request.url);
  return url !== undefined && LOCAL.test(url) ? localResponse(url, request, init ?? {}) : undefined;
}

/** @throws {TypeError} for arguments that the standard refuses, and where it has a failure of the network. */
async function localResponse(
  text: string,
  request: RequestLike | undefined,
  init: FetchInit,
): Promise<Response> {
  const url = new URL(text);
  const method = normalMethod(init.method ?? request?.method ?? "GET");
  const headers = headerList(init.headers ?? request?.headers ?? []);
  requestFields(headers);
  redirectOf(init.redirect ?? request?.redirect ?? "follow");
  const body = init.body ?? request?.body;
  if (body !== undefined && body !== null) refuseBodyOn(method);
  const signal = signalOf(init.signal === undefined ? request?.signal : init.signal);
  // Bun 1.4 reads a blob: URL even then.
  refuseAborted(signal);
  const response = await madeResponse(url, method, headers as HeadersInit, signal);
  const integrity = expectedOf(String(init.integrity ?? request?.integrity ?? ""));
  // It lies in memory: a copy of it can be read first.
  if (integrity !== undefined) await verifiedBytes(response.clone(), integrity, undefined);
  return response;
}

async function madeResponse(
  url: URL,
  method: string,
  headers: HeadersInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  try {
    if (url.protocol === "data:") return (responses.code ?? (await responses.load())).fromData(url, method);
    return await fromBlob(url, method, headers, signal);
  } catch (cause) {
    refuseAborted(signal);
    throw new TypeError("fetch failed", { cause });
  }
}

/** @throws the reason of a signal that is aborted. */
function refuseAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw unsentAbort(signal);
}

/** Asked for in the call: the program may revoke the URL at once. */
async function fromBlob(
  url: URL,
  method: string,
  headers: HeadersInit,
  signal: AbortSignal | undefined,
): Promise<Response> {
  // Bun 1.4 takes any method.
  if (method !== "GET") throw new TypeError(`A blob: URL can be read with GET alone, not with ${method}`);
  if (runtimesFetch === undefined) throw new TypeError("This runtime has no fetch that reads blob: URLs");
  const response = await runtimesFetch(url.href, signal === undefined ? { headers } : { headers, signal });
  return response.type === "basic" ? response : (await responses.load()).fromObject(response, url);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** `String()` throws for some objects. The URL was read before, so the error of that is told. */
function textOf(value: unknown): string | undefined {
  try {
    return String(value);
  } catch {
    return undefined;
  }
}
