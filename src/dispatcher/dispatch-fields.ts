/** Dispatch fields: the fields of a response in the forms that handlers of undici take. */

import { Buffer } from "node:buffer";
import { headFields, trailerFields } from "../http1/parse/fields.ts";
import type { DispatchHeaders } from "./dispatch-types.ts";

/** Names in lower case, and values. */
type Pairs = Iterable<readonly [string, string]>;

/** The fields of one head. Each form is made when it is asked for. */
export class DispatchFields {
  readonly #pairs: Pairs;
  /** Without repeated names the object is copied, which is quicker than to make it anew. */
  #plain: Readonly<Record<string, string>> | undefined = undefined;
  #isRepeated = false;
  #list: string[] | undefined = undefined;
  #raw: Buffer[] | undefined = undefined;

  constructor(pairs: Pairs) {
    this.#pairs = pairs;
  }

  /** As an object of its own: callers may change it. */
  object(): DispatchHeaders {
    if (this.#plain !== undefined) return { ...this.#plain };
    const made = objectOf(this.#pairs);
    if (!this.#isRepeated && Object.values(made).every((value) => typeof value === "string"))
      this.#plain = { ...(made as Record<string, string>) };
    else this.#isRepeated = true;
    return made;
  }

  /** Names and values in turn, in a list of its own: undici's `decompress` takes some out. */
  list(): string[] {
    this.#list ??= listOf(this.#pairs);
    return this.#list.slice();
  }

  /** The same as handlers of undici 6 take it, in a list of its own. */
  raw(): Buffer[] {
    this.#raw ??= this.list().map((text) => Buffer.from(text, "latin1"));
    return [...this.#raw];
  }
}

function listOf(pairs: Pairs): string[] {
  const list: string[] = [];
  for (const [name, value] of pairs) list.push(name, value);
  return list;
}

function objectOf(pairs: Pairs): DispatchHeaders {
  const made: DispatchHeaders = {};
  for (const [name, value] of pairs) {
    const before = Object.hasOwn(made, name) ? made[name] : undefined;
    if (Array.isArray(before)) before.push(value);
    else set(made, name, before === undefined ? value : [before, value]);
  }
  return made;
}

/** A server may send a field of this name. */
function set(made: DispatchHeaders, name: string, value: string | string[]): void {
  if (name !== "__proto__") made[name] = value;
  else Object.defineProperty(made, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The fields of heads. Servers often repeat a head within a second, so the last one is kept. */
export class FieldsMemo {
  #text = "";
  #fields: DispatchFields = new DispatchFields([]);

  of(head: string): DispatchFields {
    if (head === this.#text) return this.#fields;
    this.#text = head;
    this.#fields = new DispatchFields([...headFields(head)]);
    return this.#fields;
  }
}

const NO_TRAILERS = new DispatchFields([]);

/** The fields behind a body. */
export function trailersOf(text: string): DispatchFields {
  return text === "" ? NO_TRAILERS : new DispatchFields(trailerFields(text));
}
