/** Call context: what `fetch` and `request` take from their pool for each call. */

import type { Clock } from "../contract/clock.ts";
import type { Http2Mode, Origin } from "../contract/origin.ts";
import type { Transport } from "../contract/transport.ts";
import type { Wire } from "../contract/wire.ts";
import type { RequestDeadlines } from "../exchange/message.ts";
import { inContext, type RequestBody } from "../exchange/request-body.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { IgnoredMembers } from "./init-members.ts";
import type { UrlReader } from "./request-url.ts";

/** What arguments are read with. It is known before the transport is loaded, so that they are read in the call. */
export interface ReadContext {
  readonly urls: UrlReader;
  readonly clock: Pick<Clock, "now" | "turn">;
  readonly usual: CallDefaults;
  /** Those of origins with rules of their own. */
  readonly origins?: OriginDefaults | undefined;
  /** Members of init that mean nothing to a pool. */
  readonly ignored: IgnoredMembers;
}

/** What counts for a call that says nothing else. */
export interface CallDefaults extends RequestDeadlines {
  readonly http2: Http2Mode;
}

interface OriginDefaults {
  of(origin: Origin): CallDefaults | undefined;
}

/** What counts for calls to an origin. @throws {HoldfastError} with ERR_FUNCTION, if the user's function fails. */
export function usualFor({ usual, origins }: ReadContext, origin: Origin): CallDefaults {
  return origins?.of(origin) ?? usual;
}

/** What a request is sent with. */
export interface CallContext extends ReadContext {
  readonly pool: ConnectionPool<Wire>;
  /** Captures the async context in force (`AsyncLocalStorage`), where the runtime has one. */
  readonly rememberContext: Transport["context"];
}

/**
 * The body, with the caller's functions bound to the async context of the call. Otherwise they would run in that of the
 * socket's callback, which may belong to another request. To be called while the call's own context is in force.
 */
export function inCallersContext(
  body: RequestBody,
  { rememberContext }: Pick<CallContext, "rememberContext">,
): RequestBody {
  if (body.kind === "bytes" || !body.foreign) return body;
  const run = rememberContext?.();
  return run === undefined ? body : inContext(body, run);
}
