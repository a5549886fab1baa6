/** Route: from a URL to the origin to ask a connection for and the target to write. */

import { type Origin, originOf, parseUrl } from "../origin.ts";

/** Where a request goes. */
export interface Route {
  readonly origin: Origin;
  /** Origin form: path and query (RFC 9112 §3.2.1). */
  readonly target: string;
}

/**
 * Targets that the URL parser would leave as they are: no escapes to normalise, no fragment, no dot segment (nor
 * one spelled `%2e`), no query that is empty. For these the origin is looked up by its spelling, and parsing,
 * some 2 µs, is spared.
 */
const PLAIN_TARGET = /^\/(?!\.|%2e)(?:[\w\-~!$&()*+,;=:@%]|\/(?!\.|%2e)|\.|\?(?!$))*$/i;

/** Spellings of which a target is what follows: not `http:a/b`, where a path comes without a slash, nor one with a tab or line end that the parser would drop. */
const PLAIN_ORIGIN = /^https?:\/\/[^/\\?#\s]+$/i;

/** Spellings remembered; more than that come from a program that visits ever new origins. */
const MAX_SPELLINGS = 1000;

/** Finds routes, and remembers how origins are spelled. */
export class Router {
  readonly #origins: Map<string, Origin> = new Map();

  /** @throws {TypeError} when the URL is not absolute, not http(s), or carries credentials. */
  find(url: string | URL): Route {
    if (typeof url !== "string") return route(url instanceof URL ? url : parseUrl(textOf(url)));
    const slash = url.indexOf("/", 8);
    const spelling = slash < 0 ? url : url.slice(0, slash);
    const target = slash < 0 ? "/" : url.slice(slash);
    if (PLAIN_TARGET.test(target)) {
      const known = this.#origins.get(spelling);
      if (known !== undefined) return { origin: known, target };
    }
    const found = route(parseUrl(url));
    if (this.#origins.size >= MAX_SPELLINGS) this.#origins.clear();
    if (slash >= 0 && PLAIN_ORIGIN.test(spelling)) this.#origins.set(spelling, found.origin);
    return found;
  }
}

function route(url: URL): Route {
  return { origin: originOf(url), target: url.pathname + url.search };
}

/** A URL object of another library is taken by its text, so that every target has gone through the URL parser. */
function textOf(url: unknown): string {
  if (typeof url === "object" && url !== null && "href" in url) return String(url.href);
  throw new TypeError(
    `URL must be a string or a URL: current value is ${url === null ? "null" : describe(url)}`,
  );
}

function describe(value: unknown): string {
  return typeof value === "object" || typeof value === "function" ? `of type ${typeof value}` : String(value);
}
