/** Sent fields: the fields of a request in the forms in which undici's clients give them, as the pool sends them. */

import type { RequestFields } from "../contract/wire.ts";
import { NO_FIELDS, requestFields } from "../http1/send/request-head.ts";
import { invalidArgument } from "./dispatch-error.ts";
import type { DispatchOptions } from "./dispatch-types.ts";

/**
 * The fields of requests. Programs, and the `fetch` of undici and of Node, give the same ones with each request, so the last are
 * kept: a head is then neither checked nor written again (Node 24, five fields: 3 µs).
 */
export class SentFieldsMemo {
  #names: readonly string[] = [];
  #values: unknown[] = [];
  #fields: RequestFields = NO_FIELDS;

  /** @throws {TypeError} for what must not be sent; it names the field. */
  of({ headers, reset, expectContinue }: DispatchOptions): RequestFields {
    const given = headers === undefined || headers === null ? NO_FIELDS : this.#read(headers);
    if (reset !== true && expectContinue !== true) return given;
    return {
      ...given,
      close: given.close || reset === true,
      expectContinue: given.expectContinue || expectContinue === true,
    };
  }

  #read(headers: unknown): RequestFields {
    if (typeof headers !== "object" || headers === null)
      throw invalidArgument("headers must be an object or an array");
    if (Array.isArray(headers) || Symbol.iterator in headers) return requestFields(pairsOf(headers));
    const names = Object.keys(headers);
    const values = headers as Readonly<Record<string, unknown>>;
    if (this.#isLast(names, values)) return this.#fields;
    const fields = requestFields(pairsOf(headers));
    [this.#names, this.#values, this.#fields] = [names, names.map((name) => values[name]), fields];
    return fields;
  }

  /** Texts only: an array may have been changed since. */
  #isLast(names: readonly string[], values: Readonly<Record<string, unknown>>): boolean {
    if (names.length !== this.#names.length) return false;
    for (let at = 0; at < names.length; at++) {
      const name = names[at] as string;
      const value = values[name];
      if (name !== this.#names[at] || value !== this.#values[at] || typeof value !== "string") return false;
    }
    return true;
  }
}

/** undici sends `null` as an empty value, leaves `undefined` out, and sends a value for each member of an array. */
function* pairsOf(headers: object): Generator<readonly [string, string]> {
  for (const [name, value] of givenPairs(headers)) {
    if (value === undefined) continue;
    const field = typeof name === "string" ? name : String(name);
    if (!Array.isArray(value)) yield [field, textOf(field, value)];
    else for (const one of value) yield [field, textOf(field, one)];
  }
}

function givenPairs(headers: object): Iterable<readonly [unknown, unknown]> {
  if (!Array.isArray(headers)) {
    const isIterable = Symbol.iterator in headers;
    return isIterable ? (headers as Iterable<readonly [unknown, unknown]>) : Object.entries(headers);
  }
  if (Array.isArray(headers[0])) return headers;
  if (headers.length % 2 !== 0) throw invalidArgument("headers array must be even");
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1]] as const] : []));
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return name.toLowerCase() === "connection" ? persistenceOf(value) : value;
  if (value === null) return "";
  if (ArrayBuffer.isView(value)) return String(value);
  if (typeof value === "object" || typeof value === "function")
    throw invalidArgument(`invalid ${name} header`);
  return String(value);
}

/** undici reads `close`, and sends nothing else of what a caller says in `Connection`. */
function persistenceOf(value: string): string {
  const tokens = value.toLowerCase().split(",");
  return tokens.some((token) => token.trim() === "close") ? "close" : "keep-alive";
}
