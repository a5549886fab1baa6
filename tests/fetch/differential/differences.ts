/**
 * Differences: what a pool's `fetch` does otherwise than the built-in one of Node, on purpose, and why. A row that no draw of
 * the test shows any more fails it. "undici 6" is in Node 20.20, "undici 7" in Node 24.
 */

import type { Draw } from "./draw.ts";

/** Everything that it names must hold. */
export interface Difference {
  readonly reason: string;
  /** The subject of an outcome. */
  readonly what: RegExp;
  /** What each side said of it. `(none)` where it said nothing. */
  readonly builtIn?: RegExp;
  readonly pool?: RegExp;
  /** What the error of each side says. */
  readonly builtInSays?: RegExp;
  readonly poolSays?: RegExp;
  readonly when?: (draw: Draw) => boolean;
  /** A draw that shows it. */
  readonly seed: number;
  /** The undici that has it, if not all have. */
  readonly undici?: 6 | 7;
}

/** Whether the call has, beside others, a field of this name. */
const has =
  (...names: readonly string[]) =>
  ({ call: { headers } }: Draw): boolean =>
    headers?.list.some(([name]) => names.includes(name.toLowerCase())) ?? false;

/** The whole outcome: one side has refused what the other has done. */
const OUTCOME = /^(call|requests|body)$/;
const ALL = /^/;

const requestFields: readonly Difference[] = [
  {
    what: /^request \d+ field (accept-language|sec-fetch-mode)$/,
    builtIn: /^(\*|cors|no-cors|same-origin)$/,
    reason:
      "Left out on purpose: there is no user who has a language, and no page that metadata could protect",
    seed: 1,
  },
  {
    what: /^request \d+ field user-agent$/,
    builtIn: /^node$/,
    pool: /^holdfast$/,
    reason: "Each has a name of its own",
    seed: 1,
  },
  {
    what: /^request \d+ field (pragma|cache-control)$/,
    builtIn: /^(no-cache|max-age=0)$/,
    pool: /^\(none\)$/,
    reason:
      "Left out on purpose: there is no HTTP cache, so that the member cache and validators add nothing",
    seed: 11,
  },
  {
    what: /^request \d+ field referer$/,
    pool: /^\(none\)$/,
    when: ({ call }) => "referrer" in call.members,
    reason: "Left out on purpose: there is no page that refers",
    seed: 6,
  },
  {
    what: /^request \d+ field connection$/,
    builtIn: /^close$/,
    pool: /^keep-alive$/,
    when: ({ call }) => String(call.members.method).toUpperCase() === "HEAD",
    reason:
      "undici 6 ends the connection of a HEAD, lest a body follow. The pool finds that out when it does",
    seed: 48,
    undici: 6,
  },
  {
    what: /^request \d+ field host$/,
    when: has("host"),
    reason:
      "Left out on purpose: programs address virtual hosts with a Host of their own, which undici replaces",
    seed: 62,
  },
  {
    what: /^request \d+ field (te|trailer)$/,
    pool: /^\(none\)$/,
    when: has("te", "trailer"),
    reason: "Fields that concern one hop are the pool's own (RFC 9110 §7.6.1)",
    seed: 137,
  },
  {
    what: /^request \d+ field content-length$/,
    builtIn: /^that of the body$/,
    pool: /^\(none\)$/,
    when: ({ call }) => call.body === "none" || call.body === "null",
    reason:
      "Only POST and PUT without a body have a length (Fetch, HTTP-network-or-cache fetch). undici's other methods, too",
    seed: 26,
  },
  {
    what: /^request \d+ field content-length$/,
    builtIn: /^\(none\)$/,
    pool: /^that of the body$/,
    when: ({ call }) => ["empty text", "a form", "an empty form"].includes(call.body),
    reason: "A body that is empty has a length (Fetch, HTTP-network-or-cache fetch). undici sends none",
    seed: 282,
  },
  {
    what: /^request \d+ field (content-length|transfer-encoding)$/,
    when: ({ call }) => call.body === "an empty stream",
    reason: "A stream has no length, as empty as it may be. undici 6 reads it first",
    seed: 53,
    undici: 6,
  },
  {
    what: /^request \d+ field (content-length|transfer-encoding)$/,
    builtIn: /^(chunked|\(none\))$/,
    when: ({ call }) => call.form.startsWith("Request") && call.body === "a stream",
    reason: "The pool reads what lies in memory of the stream of a Request, and sends it with its length",
    seed: 117,
  },
];

const refusedByOne: readonly Difference[] = [
  {
    what: OUTCOME,
    builtInSays: /^invalid (transfer-encoding|upgrade|keep-alive|connection) header$/,
    reason: "undici refuses fields that concern one hop. The pool drops them, as browsers do",
    seed: 8,
  },
  {
    what: OUTCOME,
    builtInSays: /^expect header not supported$/,
    reason: "undici does not wait for 100 (Continue). The pool does",
    seed: 66,
  },
  {
    what: OUTCOME,
    builtInSays: /^Invalid URL$/,
    when: ({ call }) => call.members.referrer === "relative" || call.members.referrer === null,
    reason: "A relative referrer may be right: there is no page that could say what it is relative to",
    seed: 63,
  },
  {
    what: OUTCOME,
    builtIn: /^(a response|\d+|DrawnReason|TypeError)$/,
    poolSays: /^fetch option "priority" cannot be/,
    reason: "Another priority than the standard's is a TypeError (Fetch §5.4). undici does not read it",
    seed: 46,
    undici: 6,
  },
  {
    what: OUTCOME,
    poolSays: /^Header "content-length" is \d+, but|The request body must be \d+ bytes/,
    reason:
      "A length that is not that of the body would make the server wait, or read another message. undici sends it for some bodies",
    seed: 38,
  },
  {
    what: OUTCOME,
    poolSays: /A request body stream must give Uint8Array/,
    reason: "Pieces of a stream must be Uint8Array (Fetch §5.2). undici takes text as well",
    seed: 45,
  },
  {
    what: OUTCOME,
    poolSays: /must not hold control characters/,
    reason: "Left out on purpose: servers read control characters differently (RFC 9110 §5.5)",
    seed: 2893,
  },
  {
    what: OUTCOME,
    builtInSays: /^keepalive$/,
    reason: "keepalive is about requests that outlive their page, and ignored",
    seed: 240,
  },
  {
    what: OUTCOME,
    builtInSays: /^bad response$/,
    when: ({ answers }) => answers.some(({ head }) => head.startsWith("HTTP/1.1 100")),
    reason: "A server may send 100 (Continue) unasked (RFC 9110 §15.2). undici takes it for a fault",
    seed: 45,
  },
  {
    what: OUTCOME,
    builtIn: /^TypeError$/,
    when: ({ call }) => /md5/.test(String(call.members.integrity)),
    reason: "Integrity by an unknown algorithm is none (SRI §3.3.4)",
    seed: 79,
  },
  {
    what: OUTCOME,
    builtIn: /^TypeError$/,
    when: ({ answers }) => answers.some(({ head }) => / 407 /.test(head)),
    reason:
      "Left out on purpose: 407 is a failure where nobody can be asked for a password. Here the status is the answer",
    seed: 203,
  },
];

const redirects: readonly Difference[] = [
  {
    what: /^request \d+ field content-type$/,
    builtIn: /boundary=-+formdata-undici-/,
    pool: /boundary=BOUNDARY$/,
    reason: "undici writes a form with another boundary when it sends it again, and names the first",
    seed: 730,
  },
  {
    what: OUTCOME,
    builtInSays: /ArrayBuffer.prototype.slice on a detached ArrayBuffer/,
    reason: "undici 6 loses the bytes of a buffer with the first request, and cannot redirect it",
    seed: 147,
    undici: 6,
  },
  {
    what: OUTCOME,
    builtInSays: /^Cannot create property 'hash' on string/,
    reason: "undici 6 fails for a Location without a fragment whose text is trimmed",
    seed: 102,
    undici: 6,
  },
  {
    what: OUTCOME,
    builtInSays: /^other side closed$/,
    when: ({ answers }) => answers.slice(0, -1).some(({ ends }) => ends),
    reason: "The body of a redirect is of no use to anybody. undici fails with it if it is cut off",
    seed: 30,
  },
  {
    what: ALL,
    when: ({ answers }) => answers.some(({ head }) => /Location:.*\r\nLocation:/.test(head)),
    reason: "The same Location twice is one, and different ones are a failure. undici follows both, joined",
    seed: 103,
  },
  {
    what: /^(call|requests)$/,
    when: ({ call }) => call.form.startsWith("Request") && /^an? (empty )?stream$/.test(call.body),
    reason: "The pool reads what lies in memory of the stream of a Request, and can send that again",
    seed: 110,
  },
];

const responses: readonly Difference[] = [
  {
    what: /^type$/,
    builtIn: /^cors$/,
    pool: /^basic$/,
    when: ({ answers }) => answers.some(({ head }) => head.includes("//THERE/")),
    reason:
      "Left out on purpose: there is no page with an origin of its own, from which another could be told",
    seed: 1,
  },
  {
    what: OUTCOME,
    builtInSays: /Duplicate Content-Length|Response body length does not match content-length header/,
    when: ({ answers }) => answers.some(({ head }) => /(Content-Length: \d+\r\n)\1/.test(head)),
    reason: "The same length several times is one (RFC 9110 §8.6). undici takes it for a fault",
    seed: 57,
  },
  {
    what: OUTCOME,
    builtIn: /^(TypeError|\d+)$/,
    when: ({ answers }) => answers.some(({ head }) => /Content-Length: 1\r\nTransfer-Encoding: /.test(head)),
    reason:
      "Transfer-Encoding overrides the length (RFC 9112 §6.3). The pool ends the connection, undici fails",
    seed: 69,
  },
  {
    what: OUTCOME,
    poolSays: /Transfer-Encoding is neither/,
    reason:
      "Nobody knows where a body ends whose transfer coding is unknown. undici reads to the end of the connection",
    seed: 52,
  },
  {
    what: OUTCOME,
    builtIn: /^TypeError$/,
    when: ({ answers }) => answers.some(({ head }) => / 000 /.test(head)),
    reason: "A status is any of three digits (Fetch §2.2.3). undici fails for those below 100",
    seed: 619,
  },
  {
    what: /^header proxy-status$/,
    builtIn: /^\(none\)$/,
    pool: /error=http_protocol_error; received-status=/,
    reason: "It tells the status that a server cannot pass on, because no Response can be made with it",
    seed: 678,
  },
  {
    what: /^body$/,
    when: ({ answers }) => answers.some(({ head }) => /\r\nContent-Encoding: .*, \r\n/.test(head)),
    reason:
      "An empty element of a list is none (RFC 9110 §5.6.1). To undici it is a coding that it does not know",
    seed: 821,
  },
  {
    what: /^body$/,
    poolSays: /could not be decoded: (unexpected end of file|Decompression failed)/,
    reason: "Coded data that are cut off are a failure. undici gives what there is of them",
    seed: 6872,
  },
  {
    what: /^statusText$/,
    builtIn: /\ufffd/,
    reason: "A reason phrase has a character for each byte (Fetch §5.5). undici decodes it as UTF-8",
    seed: 101,
  },
  {
    what: /^header (content-type|content-encoding|location|x-padded)$/,
    builtIn: /[\t ]$/,
    pool: /\S$/,
    reason: "White space around a value is no part of it (RFC 9110 §5.5). undici keeps what is behind",
    seed: 78,
  },
  {
    what: /^header (content-encoding|content-length|transfer-encoding)$/,
    pool: /^\(none\)$/,
    when: ({ answers }) => answers.some(({ head }) => /\r\nContent-Encoding: /.test(head)),
    reason:
      "A decoded response has neither coding, length nor framing: a server that passes it on would announce what is no longer true",
    seed: 2,
  },
  {
    what: /^header transfer-encoding$/,
    pool: /^\(none\)$/,
    when: ({ call }) => "integrity" in call.members,
    reason: "A response that was verified is whole: a server that passes it on gives it a length",
    seed: 4086,
  },
  {
    what: ALL,
    when: ({ answers }) => answers.some(({ head }) => / 421 /.test(head)),
    reason: "Left out on purpose: a 421 is what the server means, and not asked again",
    seed: 19,
  },
];

const urls: readonly Difference[] = [
  {
    what: /^request \d+ line$/,
    pool: /\? HTTP/,
    builtIn: /[^?] HTTP/,
    reason: "An empty query is part of the URL (RFC 9110 §4.2.3). undici leaves it out",
    seed: 83,
    undici: 6,
  },
];

export const DIFFERENCES: readonly Difference[] = [
  ...requestFields,
  ...refusedByOne,
  ...redirects,
  ...responses,
  ...urls,
];
