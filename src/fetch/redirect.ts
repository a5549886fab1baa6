/** Redirect: which request follows a redirect, by the fetch standard's "HTTP-redirect fetch". */

import { HoldfastError } from "../contract/errors.ts";
import { excerpt } from "../contract/excerpt.ts";
import { MAX_HOSTNAME, tryParse } from "../contract/origin.ts";
import { requestFields } from "../http1/send/request-head.ts";
import { isBadPort } from "./bad-ports.ts";
import type { FetchRequest } from "./fetch-request.ts";
import { urlParts } from "./request-url.ts";

/** Redirects that are followed at most, as in the standard. */
export const MAX_REDIRECTS = 20;

/** Whether a response with this status is a redirect, if it has a `Location`. */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** Headers that describe a body. They are removed together with it. */
const BODY_HEADERS: ReadonlySet<string> = new Set([
  "content-encoding",
  "content-language",
  "content-location",
  "content-type",
  "content-length",
]);

/** Headers that are meant for one origin only. They are removed when the redirect leads to another one. */
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
export function redirectedRequest(
  request: FetchRequest,
  status: number,
  location: string,
  count: number,
): FetchRequest {
  if (count > MAX_REDIRECTS) throw redirectError(request, `more than ${MAX_REDIRECTS} redirects`);
  const url = urlParts(resolve(request, location));
  const { method } = request;
  const toGet =
    ((status === 301 || status === 302) && method === "POST") ||
    (status === 303 && method !== "GET" && method !== "HEAD");
  const elsewhere = url.origin.key !== request.url.origin.key;
  const headers = request.headers.filter(([name]) => {
    const lower = name.toLowerCase();
    return !(toGet && BODY_HEADERS.has(lower)) && !(elsewhere && ORIGIN_HEADERS.has(lower));
  });
  const fields = requestFields(headers);
  return {
    ...request,
    url,
    headers,
    fields,
    method: toGet ? "GET" : method,
    body: toGet ? undefined : request.body,
  };
}

/**
 * The one value of the `Location` lines of a response. Some servers send the same line twice, which can mean only one
 * thing; of different ones none is right (Fetch, "location URL": extracting several values is a failure).
 *
 * @throws {HoldfastError} with code `ERR_REDIRECT` if they differ.
 */
export function soleLocation(request: FetchRequest, [first = "", ...rest]: readonly string[]): string {
  if (rest.some((location) => location !== first))
    throw redirectError(request, "it has several Locations that differ");
  return first;
}

function resolve(request: FetchRequest, location: string): URL {
  // The runtime's own error is not given as the cause: it contains both URLs, and these may contain secrets.
  const url = tryParse(asUtf8(location), request.url.href);
  if (url === undefined) throw redirectError(request, "its Location is not a URL");
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw redirectError(request, `its Location has the scheme ${excerpt(url.protocol)}`);
  }
  if (url.username !== "" || url.password !== "")
    throw redirectError(request, "its Location carries credentials");
  if (url.hostname.length > MAX_HOSTNAME)
    throw redirectError(request, "its Location has too long a hostname");
  if (url.port !== "" && isBadPort(Number(url.port)))
    throw redirectError(request, "fetch may not use the port of its Location");
  return url;
}

/** Servers send characters beyond ASCII as UTF-8, and browsers decode them so. Fields have one character per byte. */
function asUtf8(location: string): string {
  if (!/[\x80-\xff]/.test(location)) return location;
  return new TextDecoder().decode(Uint8Array.from(location, (character) => character.charCodeAt(0)));
}

/** The error of a redirect that is not followed. */
export function redirectError(request: FetchRequest, why: string): HoldfastError {
  return new HoldfastError({
    code: "ERR_REDIRECT",
    phase: "headers",
    sent: "full",
    retriable: false,
    origin: request.url.origin.key,
    message: `${excerpt(request.method)} ${request.url.origin.key}: a redirect cannot be followed: ${why}`,
  });
}
