/**
 * Outgoing head: the moment at which a response of `node:http` writes its head, and its fields at that moment. However a
 * handler answers, Node writes the head by the response's own `writeHead` (`_implicitHeader` calls it too).
 */

import type { ResponseFields } from "../inbound/server-adapter.ts";

/** The part of `http.ServerResponse` that is used. */
export interface ServerResponseLike {
  readonly headersSent: boolean;
  statusCode: number;
  writeHead(status: number, ...rest: readonly unknown[]): unknown;
  end(): unknown;
  getHeader(name: string): unknown;
  setHeader(name: string, value: string): unknown;
  removeHeader(name: string): void;
  once(event: "finish" | "close", listener: () => void): unknown;
}

/** Fields as `writeHead` takes them: an object, pairs, or names and values in turn. */
type GivenFields = Readonly<Record<string, unknown>> | readonly unknown[];

/** Calls `before` with the status and the fields of a response, just before its head is written. */
export function beforeHead(
  response: ServerResponseLike,
  before: (status: number, fields: ResponseFields) => void,
): void {
  const { writeHead } = response;
  const writeHeadAfter: ServerResponseLike["writeHead"] = function (
    this: ServerResponseLike,
    status,
    ...rest
  ) {
    // Node throws its own error then.
    if (response.headersSent) return writeHead.call(this, status, ...rest);
    const at = rest.findIndex((one) => typeof one === "object" && one !== null);
    const fields = new OutgoingFields(response, at < 0 ? undefined : (rest[at] as GivenFields));
    before(status, fields);
    return writeHead.call(this, status, ...rest.map((one, index) => (index === at ? fields.given : one)));
  };
  response.writeHead = writeHeadAfter;
}

/**
 * The fields that were set, and those that came with `writeHead`, which win. What is set here goes to the latter if there are
 * any: a response that has fields of both kinds loses repeated names (Node 20).
 */
class OutgoingFields implements ResponseFields {
  /** The fields that `writeHead` is to be called with. */
  given: GivenFields | undefined;
  readonly #response: ServerResponseLike;

  constructor(response: ServerResponseLike, given: GivenFields | undefined) {
    this.#response = response;
    this.given = given;
  }

  get(name: string): string | null {
    const value = this.#givenValue(name) ?? this.#response.getHeader(name);
    return value === undefined ? null : String(value);
  }

  set(name: string, value: string): void {
    this.#forget(name);
    const { given } = this;
    if (given === undefined) this.#response.setHeader(name, value);
    else if (Array.isArray(given)) this.given = [...pairsOf(given).flat(), name, value];
    else this.given = { ...given, [name]: value };
  }

  /**
   * `Connection: keep-alive` that a handler has set stays where it is: once it was removed, Node writes none of its own, and
   * a client of HTTP/1.0 would wait for the end of the connection (Node 20 to 24).
   */
  delete(name: string): void {
    if (name === "connection") return;
    this.#forget(name);
    if (this.#response.getHeader(name) !== undefined) this.#response.removeHeader(name);
  }

  #givenValue(name: string): unknown {
    return this.given === undefined
      ? undefined
      : pairsOf(this.given).find((pair) => isNamed(name, pair))?.[1];
  }

  #forget(name: string): void {
    if (this.given === undefined || this.#givenValue(name) === undefined) return;
    const left = pairsOf(this.given).filter((pair) => !isNamed(name, pair));
    this.given = Array.isArray(this.given) ? left.flat() : Object.fromEntries(left);
  }
}

type Pair = readonly [unknown, unknown];

function isNamed(name: string, [field]: Pair): boolean {
  return typeof field === "string" && field.toLowerCase() === name;
}

/** Node takes an array of pairs, and one of names and values in turn. */
function pairsOf(given: GivenFields): readonly Pair[] {
  if (!Array.isArray(given)) return Object.entries(given);
  const list = given as readonly unknown[];
  if (Array.isArray(list[0])) return list as readonly Pair[];
  return list.flatMap((field, at) => (at % 2 === 0 ? [[field, list[at + 1]] as const] : []));
}
