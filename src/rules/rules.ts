/** Rules: every limit the pool enforces, resolved to plain numbers. Milliseconds; `Infinity` is "off". */

/** All that the rule book may be told by the user's options. */
export interface Rules extends Limits {
  readonly idleTimeoutMs: number;
  /** The same for a connection that has carried no request; the smaller of the two counts. */
  readonly unusedIdleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  /** Largest share of the lifetime taken off at random, in [0, 1]. */
  readonly lifetimeJitter: number;
  readonly maxRequests: number;
  /** Retire this long before the announced timeout; `undefined`: see {@linkcode hintMarginMs}. */
  readonly hintMarginMs: number | undefined;
  readonly reuseOrder: ReuseOrder;
  /** Which idle connection goes when an origin has more than `maxIdlePerOrigin`. */
  readonly evictPerOrigin: Eviction;
  /** Which one goes when there are more than `maxIdle` in all. */
  readonly evictInAll: Eviction;
  /** Idle age up to which a non-idempotent request trusts a connection about which nothing is known. */
  readonly unsafeReuseMs: number;
  /** Whether to learn the server's idle limit. */
  readonly learn: boolean;
}

/** How many of each there may be. */
export interface Limits {
  readonly maxConnections: number;
  readonly maxConnectionsPerOrigin: number;
  readonly maxIdle: number;
  readonly maxIdlePerOrigin: number;
  readonly maxQueue: number;
}

/**
 * - `"lifo"`: the connection that became idle last, so that the others can expire;
 * - `"fifo"`: the one that has been idle longest, so that all are used equally;
 * - `"oldest"`: the one that was opened first (OkHttp, curl). Costs a look at each connection of the origin that is at work;
 * - `"used-first"`: the one used last; one that was never used only if there is no other, then the one idle longest
 *   (Chrome). Costs a look at each unused one.
 */
export type ReuseOrder = "lifo" | "fifo" | "oldest" | "used-first";

/** Which idle connection goes when there are too many: the one idle longest, or the one that was just given back. */
export type Eviction = "stalest" | "returned";

/** What the server announced on one connection, as of its last response. */
export interface ServerHints {
  /** `Connection: close`: this was the last response. */
  readonly close: boolean;
  /** `Keep-Alive: timeout`, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Further requests the server will take, from `Keep-Alive: max`. */
  readonly remaining?: number | undefined;
}

/** A server that announced nothing. */
export const NO_HINTS: ServerHints = { close: false };

/** All that a rule may look at. No socket, no clock. */
export interface ConnectionFacts {
  readonly openedAt: number;
  /** When its lifetime, jitter taken off, is over. */
  readonly expiresAt: number;
  readonly idleSince: number;
  /** Requests it has carried. */
  readonly requests: number;
  readonly hints: ServerHints;
  /** An upper bound of the round trip, in ms. */
  readonly roundTripMs: number;
  /** What was learned of the server's idle limit, less a margin. */
  readonly learnedIdleMs?: number | undefined;
  /** Idle age that the server is known to allow: reuse recently worked at it, or the server was seen to close later. */
  readonly workedIdleMs?: number | undefined;
}
