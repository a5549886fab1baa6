/** Request URL: what a URL says about a request: the origin to ask a connection for, and the target to write. */

import { excerpt } from "../contract/excerpt.ts";
import { type Origin, parsedOrigin, parseUrl } from "../contract/origin.ts";

/** The parts of a URL that a request needs. */
export interface RequestUrl {
  readonly origin: Origin;
  /** Origin form: path and query (RFC 9112 §3.2.1). */
  readonly target: string;
  /** The URL without its fragment, as `Response.url` gives it. */
  readonly href: string;
}

/**
 * Targets that the URL parser would return unchanged: no escapes to normalise, no fragment, no dot segment (nor one
 * spelled `%2e`), no empty query. For these a remembered origin is enough, which spares some 2 µs of parsing.
 */
const PLAIN_TARGET = /^\/(?!\.|%2e)(?:[\w\-~!$&()*+,;=:@%]|\/(?!\.|%2e)|\.|\?(?!$))*$/i;

/**
 * Spellings of an origin that the target follows directly. Two kinds are left out: `http:a/b`, where the parser adds a
 * slash, and those with a tab or line end, which the parser drops.
 */
const PLAIN_ORIGIN = /^https?:\/\/[^/\\?#\s]+$/i;

/** Longer URLs go straight to the parser: the expressions above keep a backtracking mark per character. */
const MAX_REMEMBERED = 4096;

/** Spellings of origins that are remembered. A program that reaches this visits ever new origins, so all are dropped. */
const MAX_SPELLINGS = 1000;

/** Reads URLs, and remembers how their origins are spelled. */
export class UrlReader {
  readonly #origins: Map<string, Origin> = new Map();
  /** Fast path: many programs request the same URL again and again. */
  #lastUrl: string | undefined = undefined;
  #lastRead: RequestUrl | undefined = undefined;

  /** @throws {TypeError} when the URL is not absolute, not http(s), or carries credentials. */
  read(url: string | URL): RequestUrl {
    if (typeof url !== "string") return this.#read(textOf(url));
    if (url === this.#lastUrl && this.#lastRead !== undefined) return this.#lastRead;
    const parts = this.#read(url);
    this.#lastUrl = url;
    this.#lastRead = parts;
    return parts;
  }

  #read(url: string): RequestUrl {
    if (url.length > MAX_REMEMBERED) return urlParts(parseUrl(url));
    const slash = url.indexOf("/", 8);
    const spelling = slash < 0 ? url : url.slice(0, slash);
    const target = slash < 0 ? "/" : url.slice(slash);
    if (PLAIN_TARGET.test(target)) {
      const known = this.#origins.get(spelling);
      if (known !== undefined) return { origin: known, target, href: known.key + target };
    }
    const found = urlParts(parseUrl(url));
    if (this.#origins.size >= MAX_SPELLINGS) this.#origins.clear();
    if (slash >= 0 && PLAIN_ORIGIN.test(spelling)) this.#origins.set(spelling, found.origin);
    return found;
  }
}

/** The parts of a parsed URL. @throws {TypeError} when it is not http(s), or carries credentials. */
export function urlParts(url: URL): RequestUrl {
  const { href, host, protocol } = url;
  const origin = parsedOrigin(url);
  // Cut out of the whole: the members hide an empty query, which is sent (RFC 9110 §4.2.3), and an empty fragment.
  const fragment = href.indexOf("#");
  const shown = fragment < 0 ? href : href.slice(0, fragment);
  return { origin, target: shown.slice(protocol.length + 2 + host.length), href: shown };
}

/** Only the text of a URL object is used, and parsed again: its class may be the caller's own and give any parts. */
function textOf(url: unknown): string {
  if (typeof url === "object" && url !== null && "href" in url) return String(url.href);
  throw new TypeError(
    `URL must be a string or a URL: current value is ${url === null ? "null" : describe(url)}`,
  );
}

function describe(value: unknown): string {
  return typeof value === "object" || typeof value === "function"
    ? `of type ${typeof value}`
    : excerpt(String(value));
}
