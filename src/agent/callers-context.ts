/** Caller's context: the async context (`AsyncLocalStorage`) of whoever sends a request, for what comes later. */

import { AsyncLocalStorage } from "node:async_hooks";
import type { RunInContext } from "../contract/transport.ts";

/** Captures the context in force. */
export function callersContext(): RunInContext {
  return AsyncLocalStorage.snapshot?.() ?? ((run) => run());
}
