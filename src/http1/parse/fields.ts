/** Fields: the header and trailer fields of a response, parsed on first access. */

import { trimWhitespace } from "../../rules/optional-whitespace.ts";

/** Fields that frame or route a message. They must be ignored in trailers (RFC 9110 §6.5.1). */
const NEVER_TRAILERS: ReadonlySet<string> = new Set([
  "transfer-encoding",
  "content-length",
  "host",
  "connection",
  "keep-alive",
  "trailer",
  "te",
  "upgrade",
  "content-encoding",
  "content-type",
  "content-range",
  "authorization",
  "set-cookie",
  "cache-control",
]);

/** Header fields of a response, in the order of the message. Names are in lower case. */
export class Fields implements Iterable<readonly [name: string, value: string]> {
  readonly #text: string;
  readonly #start: number;
  #list: (readonly [string, string])[] | undefined;

  /** Made by the pool. @param text lines ended by CR LF; @param start where the first field starts. */
  constructor(text: string, start: number) {
    this.#text = text;
    this.#start = start;
  }

  /** The value of a field, its lines joined by `", "`; `null` if there is no such field. */
  get(name: string): string | null {
    const values = this.getAll(name);
    return values.length === 0 ? null : values.join(", ");
  }

  /** The values of the lines of a field, such as `set-cookie`. */
  getAll(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.#entries().flatMap(([found, value]) => (found === wanted ? [value] : []));
  }

  /** Whether there is such a field, in any case of its letters. */
  has(name: string): boolean {
    const wanted = name.toLowerCase();
    return this.#entries().some(([found]) => found === wanted);
  }

  /** Every line as name and value. */
  [Symbol.iterator](): Iterator<readonly [name: string, value: string]> {
    return this.#entries()[Symbol.iterator]();
  }

  #entries(): (readonly [string, string])[] {
    this.#list ??= parseFields(this.#text, this.#start);
    return this.#list;
  }
}

/** The fields of a head, whose first line is the status line. */
export function headFields(head: string): Fields {
  return new Fields(head, head.indexOf("\r\n") + 2);
}

/** The length up to which `Headers` trims a value at no noticeable cost. */
const SHORT = 512;

/**
 * Adds the fields of a head to `Headers`, which convert names to lower case and trim values themselves. Without a list of
 * pairs in between this takes half the time on Bun 1.4 and Deno 2.9.
 */
export function addFields(head: string, headers: Headers): void {
  let at = head.indexOf("\r\n") + 2;
  if (head.includes("\r\n ", at - 2) || head.includes("\r\n\t", at - 2)) return addFolded(head, headers);
  for (let end = head.indexOf("\r\n", at); end >= 0; end = head.indexOf("\r\n", at)) {
    const colon = head.indexOf(":", at);
    const start = head.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1;
    const value = head.slice(start, end);
    // Deno 2.9 trims in quadratic time: 0.4 s for 32 KiB of blanks.
    const bare = value.length > SHORT ? trimWhitespace(value) : value;
    headers.append(head.slice(at, colon), bare);
    at = end + 2;
  }
}

/** The slow path, for fields that are folded over several lines. */
function addFolded(head: string, headers: Headers): void {
  for (const [name, value] of headFields(head)) headers.append(name, value);
}

/** The fields of a trailer section, without those that must not be there. */
export function trailerFields(text: string): [name: string, value: string][] {
  return parseFields(text, 0).flatMap(([name, value]) =>
    NEVER_TRAILERS.has(name) ? [] : [[name, value] as [string, string]],
  );
}

/** Looks up the lines of a field in a head. The head is parsed on the first call. */
export function linesOf(head: string): (name: string) => readonly string[] {
  let fields: Fields | undefined;
  return (name) => {
    fields ??= headFields(head);
    return fields.getAll(name);
  };
}

/** The reason phrase of a head. */
export function reasonOf(head: string): string {
  return head.slice("HTTP/1.1 200 ".length, head.indexOf("\r\n"));
}

/** Splits the text of fields, which were checked when they were read. */
function parseFields(text: string, start: number): (readonly [string, string])[] {
  const list: (readonly [string, string])[] = [];
  let at = start;
  while (at < text.length) {
    let end = text.indexOf("\r\n", at);
    if (end < 0) end = text.length;
    const colon = text.indexOf(":", at);
    const first = text.charCodeAt(at);
    const last = list.at(-1);
    if ((first === 32 || first === 9) && last !== undefined) {
      // A folded line is joined by a space (obs-fold, RFC 9112 §5.2).
      const more = trimWhitespace(text.slice(at, end));
      const apart = last[1] === "" || more === "" ? "" : " ";
      list[list.length - 1] = [last[0], last[1] + apart + more];
    } else {
      list.push([text.slice(at, colon).toLowerCase(), trimWhitespace(text.slice(colon + 1, end))]);
    }
    at = end + 2;
  }
  return list;
}
