/** Mutations of `src/http1/` and `src/fetch/`. */

import type { Mutation } from "./mutation.ts";

/** Mutations of `src/http1/`. */
export const WIRE: readonly Mutation[] = [
  {
    breaks: "Bytes that drip do not lengthen lingering",
    file: "src/http1/exchange.ts",
    search: "    if (inbound.received > received) this.#times.bodyMovedAt = this.#pool.seenAt;\n",
    replacement:
      '    this.#times.bodyMovedAt = this.#pool.seenAt;\n    if (this.#stage === "linger") this.#times.lingersUntil = this.#pool.seenAt + 100;\n',
    proof: { tests: "tests/promises/leaving" },
  },
  {
    breaks: "Head bytes that drip do not put off the end of waiting for 100 Continue, nor a stuck upload's",
    file: "src/http1/exchange.ts",
    search: "    const { received } = inbound;\n",
    replacement:
      "    const { received } = inbound;\n    this.moved();\n    this.#times.sentAt = this.#pool.seenAt;\n",
    proof: { tests: "tests/http1/deadlines" },
  },
  {
    breaks: "A body of unknown length is drained for 100 ms, not for a second",
    file: "src/http1/inbound.ts",
    search: "if (remaining === undefined) return LINGER_UNKNOWN_MS;",
    replacement: "if (remaining === undefined) return LINGER_MS;",
    proof: { tests: "tests/promises/leaving" },
  },
  {
    breaks: "A response that was discarded fails no more",
    file: "src/http1/exchange.ts",
    search: `if (this.#stage !== "linger") return this.#end`,
    replacement: `if (this.alarmSlot !== -1) return this.#end`,
    proof: { tests: "tests/promises/leaving" },
  },
  {
    breaks: "An upload that is stopped does not end its exchange a second time",
    file: "src/http1/upload.ts",
    search: "    if (this.#stopped) return;\n    // What waited to be taken",
    replacement: "    // What waited to be taken",
    proof: { tests: "tests/simulation/regressions" },
  },
  {
    breaks: "A connection that was looked at for a request that left gets no younger",
    file: "src/http1/ending.ts",
    search: `hints: connection.record.hints, reason: "aborted" }`,
    replacement: "hints: connection.record.hints, reason: undefined }",
    proof: { tests: "tests/simulation/regressions" },
  },
  {
    breaks: "A connection on which a request failed is not used again",
    file: "src/http1/exchange.ts",
    search: "return this.#end(reason, true, { error });",
    replacement: "return this.#end(undefined, false, { error });",
    proof: "simulation",
  },
  {
    breaks: "A connection whose response ends it is not used again",
    file: "src/http1/ending.ts",
    search: "inbound.endsConnection(test) ?? (close",
    replacement: "(close",
    proof: "simulation",
  },
  {
    breaks: "The last request on a connection says so",
    file: "src/http1/exchange.ts",
    search: "const last = isLastExchange(lease, this.#pool.settings.rules);",
    replacement: "const last = false;",
    proof: "simulation",
  },
  {
    breaks: "An aborted request rejects with the signal's reason, untouched",
    file: "src/http1/exchange.ts",
    search: `    this.#fail(reason, "aborted");\n  }\n\n  #standing`,
    replacement: `    this.#fail(new Error("aborted", { cause: reason }), "aborted");\n  }\n\n  #standing`,
    proof: "simulation",
  },
  {
    breaks: "Who is aborted in the queue waits no more",
    file: "src/http1/exchange.ts",
    search: "if (waiter !== undefined) this.#pool.cancel(waiter);",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "Bytes behind a response make its connection unusable",
    file: "src/http1/inbound.ts",
    search: `if (this.#surplus) return "bad-framing";`,
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A response that has begun is known to have begun",
    file: "src/http1/inbound.ts",
    search: "    this.responded = true;\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "Both length fields together leave the connection unusable",
    file: "src/http1/framing.ts",
    search: "(minorVersion === 0 || contentLength !== undefined)",
    replacement: "minorVersion === 0",
    proof: "simulation",
  },
  {
    breaks: "A response to HEAD has no body, whatever its fields say",
    file: "src/http1/framing.ts",
    search: `method === "HEAD" || `,
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A body ends where its length says",
    file: "src/http1/response.ts",
    search: "if (this.#remaining === 0) this.#finish();",
    replacement: "if (this.#remaining <= 1) this.#finish();",
    proof: "simulation",
  },
  {
    breaks: "A connection that ends in the middle of a response does not complete it",
    file: "src/http1/response.ts",
    search: `if (this.#stage === "close") this.#finish();`,
    replacement: "this.#finish();",
    proof: "simulation",
  },
  {
    breaks: "A body that breaks off tells whoever waits for it",
    file: "src/http1/body.ts",
    search: "    this.#takeSettle()?.reject(this.#error);\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A response whose body nobody reads does not keep the process alive",
    file: "src/http1/reply.ts",
    search: "if (!response.body.ended) response.body.rest();",
    replacement: "",
    proof: { tests: "tests/hold.test" },
  },
  {
    breaks: "A stream that was read in part does not keep the process alive",
    file: "src/http1/body.ts",
    search: "      this.#holder?.hold(false);\n      controller.enqueue",
    replacement: "      controller.enqueue",
    proof: { tests: "tests/hold.test" },
  },
  {
    breaks: "A body larger than what is kept goes on when somebody reads it",
    file: "src/http1/body.ts",
    search: "    this.#resume();\n    this.#holder?.hold(true);\n    return new Promise",
    replacement: "    return new Promise",
    proof: "simulation",
  },
  {
    breaks: "Only a head that is the last one once more is not read again",
    file: "src/http1/repeated.ts",
    search: "codec.latin1(bytes, start, last) === text ?",
    replacement: "codec.latin1(bytes, start, last).length === text.length ?",
    proof: { tests: "tests/http1/repeated" },
  },
  {
    breaks: "A line of a head ends with CR LF and nothing else",
    file: "src/http1/head.ts",
    search: `if (bytes[at] === LF) throw this.#fault("bad-line-ending", "A line ends with LF alone");`,
    replacement: "if (bytes[at] === LF) return at - 1;",
    proof: { tests: "tests/http1" },
  },
];

/** Mutations of `src/fetch/`. */
export const FETCH: readonly Mutation[] = [
  {
    breaks: "Credentials do not follow a redirect to another origin",
    file: "src/fetch/redirect.ts",
    search: " && !(elsewhere && ORIGIN_HEADERS.has(lower))",
    replacement: "",
    proof: { tests: "tests/fetch/redirect" },
  },
  {
    breaks: "A stream that was sent cannot follow a redirect",
    file: "src/fetch/fetch.ts",
    search: "      refuseSpent(next);\n",
    replacement: "",
    proof: "simulation",
  },
  {
    breaks: "A response whose body was read past its stream is used",
    file: "src/fetch/fetch-response.ts",
    search: "    this.body?.cancel()",
    replacement: "    super.body?.cancel; Promise.resolve()",
    proof: { tests: "tests/fetch/direct" },
  },
  {
    breaks: "Headers that are copied belong to one response",
    file: "src/fetch/header-memo.ts",
    search: "if (text !== this.#text) {",
    replacement: "if (this.#text === undefined) {",
    proof: { tests: "tests/fetch/header-memo" },
  },
  {
    breaks: "fetch rejects with the signal's reason, not with a TypeError",
    file: "src/fetch/fetch-error.ts",
    search: "if (aborted || !(error instanceof HoldfastError)) return error;",
    replacement:
      "if (aborted) return new TypeError(String(error));\n  if (!(error instanceof HoldfastError)) return error;",
    proof: "simulation",
  },
  {
    breaks: "No persistence test is asked where the framing is faulty",
    file: "src/http1/framing.ts",
    search: '  if (framing.kind === "close") return "not-persistent";\n',
    replacement: "",
    proof: { tests: "tests/presets/connection" },
  },
];
