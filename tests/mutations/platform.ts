/** Platform: what `fetch` shares with that of the platform. */

import type { Mutation } from "./mutation.ts";

/** Mutations of the standard's side of `fetch`. */
export const PLATFORM: readonly Mutation[] = [
  {
    breaks: "An error of fetch shows in its stack who waits for it",
    file: "src/fetch/fetch-errors.ts",
    search: "  await undefined;\n  await undefined;\n",
    replacement: "",
    proof: { tests: "tests/fetch/errors" },
  },
  {
    breaks: "The message of an error of fetch is the platform's, and nothing else",
    file: "src/fetch/fetch-errors.ts",
    search: `new TypeError("fetch failed", { cause })`,
    replacement: `new TypeError("fetch failed!", { cause })`,
    proof: { tests: "tests/fetch/errors" },
  },
  {
    breaks: "An abort after all has arrived fails the body that was not read",
    file: "src/fetch/lazy-response.ts",
    search: "if (signal?.aborted !== true || this.#genuine !== undefined || this.#read) return undefined;",
    replacement: "return undefined;",
    proof: { tests: "tests/fetch/abort" },
  },
  {
    breaks: "A reader that waits for nothing hears of the abort",
    file: "src/fetch/make-response.ts",
    search: "if (signal !== undefined) watchBody(signal, stream, body);",
    replacement: "",
    proof: { tests: "tests/fetch/abort" },
  },
  {
    breaks: "Fields that concern one hop are dropped by fetch",
    file: "src/fetch/header-list.ts",
    search: "if (PER_HOP.has(lower)) continue;",
    replacement: "",
    proof: { tests: "tests/fetch/input" },
  },
  {
    breaks: "A member of init that is ignored is told once",
    file: "src/fetch/init-members.ts",
    search: "this.#told.add(name);",
    replacement: "",
    proof: { tests: "tests/fetch/input" },
  },
  {
    breaks: "fetch refuses the ports of other protocols",
    file: "src/fetch/fetch-request.ts",
    search: "if (isBadPort(origin.port))",
    replacement: "if (origin.port < 0)",
    proof: { tests: "tests/fetch/input" },
  },
  {
    breaks: "The members of a response are found by for … in",
    file: "src/fetch/fetch-response.ts",
    search: "if (isMember) Object",
    replacement: "if (!isMember) Object",
    proof: { tests: "tests/fetch/response" },
  },
  {
    breaks: "A body that is not the one integrity expects is not given",
    file: "src/fetch/integrity.ts",
    search: "if (!expected.digests.includes(digest))",
    replacement: "if (digest === undefined)",
    proof: { tests: "tests/fetch/integrity" },
  },
  {
    breaks: "A body that was not read before the abort fails in the call, before the next microtask",
    file: "src/fetch/lazy-response.ts",
    search: "return this.#aborted() ?? this.#bytes().then(wholeBuffer);",
    replacement: "return this.#bytes().then(wholeBuffer);",
    proof: { tests: "tests/fetch/abort-unread" },
  },
  {
    breaks: "A data: URL whose base64 is none is a failure of the network",
    file: "src/fetch/local-url.ts",
    search: 'new TypeError("fetch failed", { cause })',
    replacement: "cause",
    proof: { tests: "tests/fetch/local-url" },
  },
  {
    breaks: "A data: URL gives no body for HEAD",
    file: "src/fetch/local-url.ts",
    search: 'method === "HEAD" ? null : bytes',
    replacement: "bytes",
    proof: { tests: "tests/fetch/local-url" },
  },
];
