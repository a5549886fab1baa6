/**
 * Local URLs: `data:` and `blob:`, which need no connection. A `data:` URL is read here, a `blob:` URL by the runtime's own
 * fetch: only it has the store of the object URLs.
 */

import { requestFields } from "../http1/send/request-head.ts";
import { signalOf } from "./arguments.ts";
import { readDataUrl } from "./data-url.ts";
import { type FetchInit, type FetchInput, normalMethod, type RequestLike } from "./fetch-request.ts";
import { likeNative, nativeResponse } from "./fetch-response.ts";
import { headerList } from "./header-list.ts";

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
  const signal = signalOf(init.signal === undefined ? request?.signal : init.signal);
  const isAborted = (): boolean => signal?.aborted ?? false;
  // Bun 1.4 reads a blob: URL even then.
  if (isAborted()) throw signal?.reason;
  try {
    if (url.protocol === "data:") return fromData(url, method);
    return await fromBlob(url, method, headers as HeadersInit, signal);
  } catch (cause) {
    throw isAborted() ? signal?.reason : new TypeError("fetch failed", { cause });
  }
}

/** Any method reads it; a HEAD gives no body, as of any URL (Fetch §4.1). */
function fromData(url: URL, method: string): Response {
  const { type, bytes } = readDataUrl(url);
  const init = { statusText: "OK", headers: { "content-type": type } };
  return newLocalResponse(method === "HEAD" ? null : bytes, init, url);
}

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
  if (response.type === "basic") return response;
  // Bun 1.4 gives the type "default", and neither the type nor the length of the object.
  const blob = await response.blob();
  const init = { statusText: "OK", headers: { "content-type": blob.type, "content-length": `${blob.size}` } };
  return newLocalResponse(blob, init, url);
}

type LocalResponseClass = new (content: BodyInit | null, init: ResponseInit, url: URL) => Response;

let loaded: LocalResponseClass | undefined;

function newLocalResponse(content: BodyInit | null, init: ResponseInit, url: URL): Response {
  loaded ??= likeNative(localResponseClass(), nativeResponse());
  const { status = 200, statusText = "", headers = {} } = init;
  return new loaded(content, { status, statusText, headers }, url);
}

/** Made for the first response, because naming `Response` makes Node load its whole fetch. */
function localResponseClass(): LocalResponseClass {
  return class LocalResponse extends nativeResponse() {
    readonly #url: URL;

    constructor(content: BodyInit | null, init: ResponseInit, url: URL) {
      super(content, init);
      this.#url = url;
    }

    override get url(): string {
      const { href, hash } = this.#url;
      return href.slice(0, href.length - hash.length);
    }

    override get type(): ResponseType {
      return "basic";
    }

    override clone(): Response {
      const clone = super.clone();
      return newLocalResponse(clone.body, clone, this.#url);
    }
  };
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
