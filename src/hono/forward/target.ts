/** Target: where requests are forwarded to. */

import { show } from "../../options/checks.ts";

/** Targets that are remembered. A program that reaches this has ever new ones, so all are dropped. */
const MAX_TARGETS = 1000;

const known: Map<string, string> = new Map();

/**
 * The text that a path is appended to: origin, and the target's own path without a slash at its end.
 *
 * @throws {TypeError} if it is no absolute http(s) URL, or has credentials, a query or a fragment.
 */
export function baseOf(target: string | URL): string {
  if (typeof target !== "string" && !(target instanceof URL))
    throw new TypeError(`target must be a string or a URL: current value is ${show(target)}`);
  const text = typeof target === "string" ? target : target.href;
  const found = known.get(text);
  if (found !== undefined) return found;
  const base = checkedBase(text);
  if (known.size >= MAX_TARGETS) known.clear();
  known.set(text, base);
  return base;
}

function checkedBase(text: string): string {
  if (!URL.canParse(text))
    throw new TypeError(`target must be an absolute URL: current value is ${show(text)}`);
  const { protocol, origin, pathname, search, hash, username, password } = new URL(text);
  if (protocol !== "http:" && protocol !== "https:")
    throw new TypeError(`target must be an http: or https: URL: its scheme is ${show(protocol)}`);
  // Not shown: they are secrets.
  if (username !== "" || password !== "")
    throw new TypeError("target must not have credentials: set Authorization in edit");
  if (search !== "" || hash !== "")
    throw new TypeError(`target must have no query and no fragment: current value is ${show(text)}`);
  return origin + (pathname.endsWith("/") ? pathname.slice(0, -1) : pathname);
}
