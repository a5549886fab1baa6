/**
 * Response memo: most responses of a server within one second have the same head, so that a `Response` can be made like the
 * previous one. That is prepared when a head comes for the second time.
 */

import { addFields, headFields, reasonOf } from "../http1/parse/fields.ts";
import { isConstructible, nativeResponse } from "./fetch-response.ts";

/** A server that passes the response on gives a body in its slots a length, and must not find another framing beside it. */
export const FRAMING = "transfer-encoding";

/** What a response is made like. */
export interface Like {
  readonly init: ResponseInit;
  /** Whether `init` has a content type. If not, the constructor adds one to a string. */
  readonly hasType: boolean;
  /** The fields that `init` does not have. */
  readonly rest: readonly (readonly [name: string, value: string])[];
}

/** Remembers the last head. */
export class ResponseMemo {
  readonly #copies: boolean;
  #text: string | undefined = undefined;
  #held = false;
  #like: Like | undefined = undefined;

  /** `copies`: the runtime copies headers faster than it fills them. */
  constructor(copies: boolean) {
    this.#copies = copies;
  }

  /**
   * What a response with this head is made like; `undefined` if the previous one had another head.
   *
   * @param held Whether the body is in the slots of the response, so that it has no {@linkcode FRAMING}.
   */
  of(status: number, text: string, held: boolean): Like | undefined {
    if (text === this.#text && held === this.#held) {
      this.#like ??= this.#copies ? copied(status, text, held) : listed(status, text, held);
      return this.#like;
    }
    this.#text = text;
    this.#held = held;
    this.#like = undefined;
    return undefined;
  }
}

/**
 * A response without a body, whose headers are copied. On Bun 1.4 a `Response` with four fields takes 0.16 µs if it is made like
 * another one, 0.25 µs with the headers of another one, and 0.74 µs when the fields are added one by one.
 */
function copied(status: number, text: string, held: boolean): Like {
  const headers = new Headers();
  addFields(text, headers);
  if (held) headers.delete(FRAMING);
  const init = { status, statusText: reasonOf(text), headers };
  return {
    init: isConstructible(status) ? new (nativeResponse())(null, init) : init,
    hasType: headers.has("content-type"),
    rest: [],
  };
}

/**
 * The fields as a list: on Deno 2.9 they are added one by one in less time than the constructor takes. It gets the content type,
 * because it would add one to a string.
 */
function listed(status: number, text: string, held: boolean): Like {
  const init = { status, statusText: reasonOf(text) };
  const all = [...headFields(text)].filter(([name]) => !held || name !== FRAMING);
  const type = all.find(([name]) => name === "content-type");
  if (type === undefined) return { init, hasType: false, rest: all };
  const rest = all.filter((field) => field !== type);
  return { init: { ...init, headers: { "content-type": type[1] } }, hasType: true, rest };
}
