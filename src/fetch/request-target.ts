/** Route: from a URL to the origin to ask a connection for and the target to write. */

import { excerpt } from "../contract/excerpt.ts";
import { type Origin, parsedOrigin, parseUrl } from "../contract/origin.ts";

/** Where a request goes. */
export interface RequestTarget {
  readonly origin: Origin;
  /** Origin form: path and query (RFC 9112 §3.2.1). */
  readonly target: string;
  /** The URL as it is shown, without its fragment. */
  readonly href: string;
  /** The fragment with its `#`, or nothing: it is never sent, but a redirect inherits it. */
  readonly hash: string;
}

/**
 * Targets that the URL parser would leave as they are: no escapes to normalise, no fragment, no dot segment (nor
 * one spelled `%2e`), no query that is empty. For these the origin is looked up by its spelling, and parsing,
 * some 2 µs, is spared.
 */
const PLAIN_TARGET = /^\/(?!\.|%2e)(?:[\w\-~!$&()*+,;=:@%]|\/(?!\.|%2e)|\.|\?(?!$))*$/i;

/** Spellings of which a target is what follows: not `http:a/b`, where a path comes without a slash, nor one with a tab or line end that the parser would drop. */
const PLAIN_ORIGIN = /^https?:\/\/[^/\\?#\s]+$/i;

/** Characters of a URL up to which it is worth looking for its origin; the expressions above keep a mark per character. */
const MAX_REMEMBERED = 4096;

/** Spellings remembered; more than that come from a program that visits ever new origins. */
const MAX_SPELLINGS = 1000;

/** Finds routes, and remembers how origins are spelled. */
export class TargetReader {
  readonly #origins: Map<string, Origin> = new Map();
  /** Many programs ask for the same URL again and again. */
  #lastUrl: string | undefined = undefined;
  #lastRoute: RequestTarget | undefined = undefined;

  /** @throws {TypeError} when the URL is not absolute, not http(s), or carries credentials. */
  find(url: string | URL): RequestTarget {
    if (typeof url !== "string") return this.#find(textOf(url));
    if (url === this.#lastUrl && this.#lastRoute !== undefined) return this.#lastRoute;
    const route = this.#find(url);
    this.#lastUrl = url;
    this.#lastRoute = route;
    return route;
  }

  #find(url: string): RequestTarget {
    if (url.length > MAX_REMEMBERED) return targetFor(parseUrl(url));
    const slash = url.indexOf("/", 8);
    const spelling = slash < 0 ? url : url.slice(0, slash);
    const target = slash < 0 ? "/" : url.slice(slash);
    if (PLAIN_TARGET.test(target)) {
      const known = this.#origins.get(spelling);
      if (known !== undefined) return { origin: known, target, href: known.key + target, hash: "" };
    }
    const found = targetFor(parseUrl(url));
    if (this.#origins.size >= MAX_SPELLINGS) this.#origins.clear();
    if (slash >= 0 && PLAIN_ORIGIN.test(spelling)) this.#origins.set(spelling, found.origin);
    return found;
  }
}

/** The route to a URL. @throws {TypeError} when it is not http(s), or carries credentials. */
export function targetFor(url: URL): RequestTarget {
  const { href, hash, pathname, search } = url;
  const shown = hash === "" ? href : href.slice(0, -hash.length);
  return { origin: parsedOrigin(url), target: pathname + search, href: shown, hash };
}

/** A URL object is taken by its text, so that every target has gone through the URL parser: a class may say what it likes. */
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
