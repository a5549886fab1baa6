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
    file: "src/workers/remote-exchange.ts",
    search: "const abort = (): void => waitUntil(stub.abort(id).catch(() => {}));",
    replacement: "const abort = (): void => {};",
    proof: { tests: "tests/workers/remote-pool" },
  },
  {
    breaks: "On a clock that stands still, a look is taken before every reuse of a parked connection",
    file: "src/pool/grants.ts",
    search: 'return stops !== false && !connection.isLeased && (unsafe || stops !== "briefly");',
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
];
