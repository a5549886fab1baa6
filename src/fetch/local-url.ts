/**
 * Local URLs: `data:` and `blob:`, which need no connection. The runtime's own fetch reads them: only it has the store of
 * the object URLs.
 */

import type { FetchInit, FetchInput, RequestLike } from "./fetch-request.ts";

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
  if (runtimesFetch === undefined || url === undefined || !LOCAL.test(url)) return undefined;
  const { method, headers, signal } = { ...membersOf(request), ...init };
  // Bun 1.4 reads a data: URL even then.
  if (signal?.aborted === true) return Promise.reject(signal.reason);
  return runtimesFetch(url, { ...given({ method, signal }), headers: (headers ?? {}) as HeadersInit });
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

/** Named one by one: the members of a `Request` are not its own. */
function membersOf(request: RequestLike | undefined): FetchInit {
  if (request === undefined) return {};
  const { method, headers, signal } = request;
  return { ...given({ method }), headers, signal };
}

/** Without those that are not given: `undefined` is not the same as none to every runtime. */
function given<T extends object>(members: T): { [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as { [K in keyof T]: NonNullable<T[K]> };
}
