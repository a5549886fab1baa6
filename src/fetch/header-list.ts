/** Header list: the headers of `fetch`, read as the standard reads them (Fetch §2.2.2, §5.1), and rid of what `fetch` may not send. */

import { quoted } from "../contract/excerpt.ts";
import { type HeadersSource, headerPairs } from "./arguments.ts";

/** Header fields as pairs (the fetch standard: "header list"). */
export type HeaderList = readonly (readonly [string, string])[];

/**
 * Fields that concern one hop (RFC 9110 §7.6.1). A gateway that hands on what it got, or a library that sets them for
 * another client, must not fail for these: browsers and Node drop them or write their own.
 */
const PER_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** Fields whose lines are not joined: `Set-Cookie` by RFC 9110 §5.3, the others because two values are a mistake. */
const NOT_JOINED: ReadonlySet<string> = new Set(["set-cookie", "host", "content-length"]);

/**
 * Values become strings, as in `new Headers()`, without white space around them. Several fields of one name become one.
 * An option of `Connection` other than `close` is dropped.
 */
export function headerList(source: HeadersSource): HeaderList {
  const list: [string, string][] = [];
  const joined = new Map<string, [string, string]>();
  for (const pair of headerPairs(source)) {
    const [name, given] = pair;
    requirePair(pair);
    const lower = String(name).toLowerCase();
    const value = normalized(given);
    if (lower === "connection" && asksToClose(value)) list.push([lower, "close"]);
    if (PER_HOP.has(lower)) continue;
    const before = joined.get(lower);
    if (before !== undefined) {
      before[1] += `${lower === "cookie" ? "; " : ", "}${value}`;
      continue;
    }
    const field: [string, string] = [String(name), value];
    list.push(field);
    if (!NOT_JOINED.has(lower)) joined.set(lower, field);
  }
  return list;
}

/** Types are no proof: an array of the caller may have any length. */
function requirePair(pair: readonly unknown[]): void {
  if (Array.isArray(pair) && pair.length !== 2)
    throw new TypeError(`Header ${quoted(String(pair[0]))} must be a pair of a name and a value`);
}

/** Fetch: "normalize a byte sequence". A regular expression would take quadratic time. @throws {TypeError} for a symbol. */
function normalized(value: unknown): string {
  const text = `${value as string}`;
  let start = 0;
  let end = text.length;
  while (start < end && WHITESPACE.includes(text.charAt(start))) start++;
  while (end > start && WHITESPACE.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** HTTP whitespace as Fetch defines it. */
const WHITESPACE = "\t\n\r ";

function asksToClose(value: string): boolean {
  return value.split(",").some((option) => option.trim().toLowerCase() === "close");
}
