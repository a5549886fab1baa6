/**
 * The path that is sent to the upstream. The routes here and the upstream both read it, and must read the same, so a path
 * that two readers may take for different ones is refused or resolved first.
 */

import { getPath } from "hono/utils/url";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { hasDotSegments } from "../upstream/dot-segments.ts";

/** What becomes of dot segments: the client is answered 400, or the path that is routed by is sent. */
export type DotSegments = "refuse" | "resolve";

/**
 * Characters that no request target has (RFC 9112 §3.2). A URL parser drops tabs and line ends, cuts off what follows `#`,
 * and takes a backslash for a slash, each after the path was routed by.
 */
const NOT_IN_TARGET = /[\\#\p{Cc}]/u;

/** The path of a request with its dot segments resolved as a URL parser does, for `new Hono({ getPath: resolvedPath })`. */
export function resolvedPath(request: Request): string {
  return getPath({ url: new URL(request.url).href } as Request);
}

/**
 * Path and query of a request to the upstream.
 *
 * @param url The URL of the inbound request.
 * @param received The target as the client sent it, on servers that show it. They have resolved dot segments in the URL.
 * @throws {ClientRequestError} 400
 */
export function pathToSend(url: string, received: string | undefined, dotSegments: DotSegments): string {
  if (dotSegments === "resolve") return refuseAmbiguous(pathOf(new URL(url).href));
  const path = pathOf(url);
  if (received !== undefined && received !== path) refuseAmbiguous(received);
  return refuseAmbiguous(path);
}

/** Nearly all paths: nothing is encoded, and no segment begins with a dot. */
const PLAIN = /^(?:\/(?!\.)[\w.~!$&'()*+,;=:@-]*)+(?:\?[^#]*)?$/;

/** @throws {ClientRequestError} 400 for a path that two readers may take for different ones. */
export function refuseAmbiguous(path: string): string {
  if (PLAIN.test(path)) return path;
  const query = path.indexOf("?");
  const plain = query < 0 ? path : path.slice(0, query);
  if (hasDotSegments(plain)) throw new ClientRequestError(400, "its path has dot segments");
  if (NOT_IN_TARGET.test(plain) || (query >= 0 && path.includes("#", query)))
    throw new ClientRequestError(400, "its path has characters that a request target must not have");
  return path;
}

/** Path and query of an absolute URL. */
function pathOf(url: string): string {
  const slash = url.indexOf("/", url.indexOf("//") + 2);
  return slash < 0 ? "/" : url.slice(slash);
}

/** Host and port of an absolute URL, without credentials. */
export function hostOf(url: string): string {
  const start = url.indexOf("//") + 2;
  const slash = url.indexOf("/", start);
  const authority = url.slice(start, slash < 0 ? undefined : slash);
  return authority.slice(authority.lastIndexOf("@") + 1);
}
