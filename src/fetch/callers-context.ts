/**
 * Caller's context: functions and streams that a call brought run in its async context (`AsyncLocalStorage`), though the
 * socket's callback of another request may be what asks for them. Calls that bring none pay nothing.
 */

import type { Transport } from "../contract/transport.ts";
import { inContext, type StreamBody } from "../exchange/request-body.ts";

/** The runtime's means. */
export interface CallerContext {
  readonly rememberContext: Transport["context"];
}

/** To be called while the call's own context is in force. */
export function inCallersContext(body: StreamBody, { rememberContext }: CallerContext): StreamBody {
  const run = rememberContext?.();
  return run === undefined ? body : inContext(body, run);
}
