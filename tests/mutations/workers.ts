/** Mutations of `src/workers/`. */

import type { Mutation } from "./mutation.ts";

/** Mutations of what Workers and Durable Objects have. */
export const WORKERS: readonly Mutation[] = [
  {
    breaks: "An object connects to the origins of its list alone",
    file: "src/workers/allow-list.ts",
    search: "return (origin) => allowed.has(origin);",
    replacement: "return () => true;",
    proof: { tests: "tests/workers/allow-list" },
  },
  {
    breaks: "An entry of allowOrigins with a path is refused",
    file: "src/workers/allow-list.ts",
    search: 'if (pathname + search + hash !== "/") throw wrongOrigin(entry);',
    replacement: "",
    proof: { tests: "tests/workers/allow-list" },
  },
  {
    breaks: "A request that the caller aborts ends in the object, too",
    file: "src/workers/remote-signal.ts",
    search: "readonly #abort = (): void => waitUntil(this.#stub.abort(this.id).catch(() => {}));",
    replacement: "readonly #abort = (): void => {};",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "The error of a body is noted for its caller where it is made",
    file: "src/workers/object-call.ts",
    search: "records.ended(id, { error: remoteErrorOf(error) });",
    replacement: "",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "A response that came through an object has no field of ours",
    file: "src/workers/remote-response.ts",
    search: "made.headers.delete(ANSWER_FIELD);",
    replacement: "",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "An object refuses the call of a remotePool() to another origin",
    file: "src/workers/pool-object.ts",
    search: "if (refused !== undefined) return errorAnswer(refused);",
    replacement: "",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "An overloaded object is told as such, with its remedy",
    file: "src/workers/binding.ts",
    search: "if (overloaded === true) {",
    replacement: "if (overloaded === false) {",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "An object follows no redirect: its target may belong to another object",
    file: "src/workers/object-call.ts",
    search: 'pool.fetch(url, { ...init, ...own, redirect: "manual" })',
    replacement: "pool.fetch(url, { ...init, ...own })",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "Fields that belong to the way to the object are not sent on",
    file: "src/workers/hop-fields.ts",
    search: "!DROPPED.has(name) && !named.has(name)",
    replacement: "!DROPPED.has(name)",
    proof: { tests: "tests/workers/allow-list" },
  },
  {
    breaks: "A connection that an exchange hands on is not looked at, even where the clock stands still",
    file: "src/pool/grants.ts",
    search: "return stops !== false && connection.isParked && (unsafe",
    replacement: "return stops !== false && (unsafe",
    proof: { tests: "tests/pool/liveness-check" },
  },
  {
    breaks: "Where nothing but a pool runs, a GET is looked at only after 10 ms without a sign of the loop",
    file: "src/pool/liveness-check.ts",
    search: 'return stops === "briefly" ? BRIEF_MS : UNSEEN_MS;',
    replacement: "return UNSEEN_MS;",
    proof: { tests: "tests/pool/liveness-check" },
  },
  {
    breaks: "On a clock that stands still, a look is taken before every reuse of a parked connection",
    file: "src/pool/grants.ts",
    search: 'return stops !== false && connection.isParked && (unsafe || stops !== "briefly");',
    replacement: "return stops !== false && unsafe;",
    proof: { tests: "tests/pool/liveness-check" },
  },
  {
    breaks: "On workerd a body that is read is not taken for garbage",
    file: "src/fetch/collection.ts",
    search: '&& typeof WebSocketPair === "undefined"',
    replacement: "",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "The short way of a bare GET leaves decoding to fetch",
    file: "src/workers/bare-call.ts",
    search: "if (!body.ended || head.coded || resendCount > 0) return false;",
    replacement: "if (!body.ended || resendCount > 0) return false;",
    proof: { tests: "tests/workers/remote-pool" },
  },
];
