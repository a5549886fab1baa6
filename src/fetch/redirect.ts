/** Redirect: the next request of a chain, by the fetch standard's "HTTP-redirect fetch". */

import { HoldfastError } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import { MAX_HOSTNAME, tryParse } from "../contract/origin.ts";
import { requestFields } from "../http1/send/request-head.ts";
import type { FetchRequest } from "./normalize.ts";
import { targetFor } from "./request-target.ts";

/** Longest chain, as in the standard. */
export const MAX_REDIRECTS = 20;

/** Whether a status sends the client elsewhere, if there is a `Location`. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Headers that describe a body; they go when it goes. */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
  "content-length",
]);

/** Headers that are meant for one origin only; they go when another is asked. */
const ORIGIN_HEADERS: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "host",
]);

/**
 * The request that follows a redirect to `location`.
 *
 * @throws {HoldfastError} with code `ERR_REDIRECT` when it cannot be followed.
 */
export function redirected(
  request: FetchRequest,
  status: number,
  location: string,
  count: number,
): FetchRequest {
  if (count > MAX_REDIRECTS) throw redirectError(request, `more than ${MAX_REDIRECTS} redirects`);
  const route = targetFor(resolve(request, location));
  const { method } = request;
  const toGet =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  const elsewhere = route.origin.key !== request.route.origin.key;
  const headers = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !(toGet && BODY_HEADERS.has(lower)) && !(elsewhere && ORIGIN_HEADERS.has(lower));
  });
  const fields = requestFields(headers);
  return {
    ...request,
    route,
    headers,
    fields,
    method: toGet ? "GET" : method,
    body: toGet ? undefined : request.body,
  };
}

function resolve(request: FetchRequest, location: string): URL {
  // The runtime's own error is no cause: it holds both URLs, with all that may be secret in them.
  const url = tryParse(asUtf8(location), request.route.href);
  if (url === undefined) throw redirectError(request, "its Location is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw redirectError(request, `its Location has the scheme ${excerpt(url.protocol)}`);
  }
  if (url.username !== "" || url.password !== "")
    throw redirectError(request, "its Location carries credentials");
  if (url.hostname.length > MAX_HOSTNAME)
    throw redirectError(request, "its Location has too long a hostname");
  if (url.hash === "") url.hash = request.route.hash;
  return url;
}

/** Servers send other characters than ASCII as UTF-8, and browsers take them so; fields are read byte by byte. */
function asUtf8(location: string): string {
  if (!/[\x80-\xff]/.test(location)) return location;
  return new TextDecoder().decode(Uint8Array.from(location, (character) => character.charCodeAt(0)));
}

/** A redirect that ends here. */
export function redirectError(request: FetchRequest, why: string): HoldfastError {
  return new HoldfastError({
    code: "ERR_REDIRECT",
    phase: "headers",
    sent: "full",
    retriable: false,
    origin: request.route.origin.key,
    message: `${excerpt(request.method)} ${request.route.origin.key}: a redirect cannot be followed: ${why}`,
  });
}
