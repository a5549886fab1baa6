/** The async context of Node, Deno and Bun: what their `AsyncLocalStorage` gives at a place in the program. */

import type { RunInContext } from "../src/contract/transport.ts";
import { builtin } from "./builtin.ts";

interface AsyncHooks {
  readonly AsyncLocalStorage: { snapshot?(): RunInContext };
}

/** Remembers the context that is in force now; `undefined` where it cannot be had (`snapshot` came with Node 20.5). */
export function asyncContext(): RunInContext | undefined {
  return builtin<AsyncHooks>("node:async_hooks")?.AsyncLocalStorage.snapshot?.();
}
