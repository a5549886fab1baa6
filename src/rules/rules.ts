/**
 * Rules: every limit the pool enforces, as plain numbers, and the facts about a connection that the rules look at.
 * Times are in milliseconds. `Infinity` switches a limit off.
 */

/** The user's options as far as the rules need them. */
export interface Rules extends Limits {
  readonly idleTimeoutMs: number;
  /** The idle limit of a connection that has carried no request. The smaller of the two limits counts. */
  readonly unusedIdleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  /** Largest share of the lifetime that is subtracted at random, in [0, 1]. */
  readonly lifetimeJitter: number;
  readonly maxRequests: number;
  /** Retire this long before the announced timeout. `undefined`: `hintMarginMs()` in `verdict.ts` decides. */
  readonly hintMarginMs: number | undefined;
  readonly reuseOrder: ReuseOrder;
  /** Which idle connection is evicted when an origin has more than `maxIdlePerOrigin`. */
  readonly evictPerOrigin: Eviction;
  /** Which idle connection is evicted when there are more than `maxIdle` in total. */
  readonly evictInAll: Eviction;
  /** Idle age up to which a non-idempotent request may use a connection whose server's limit is unknown. */
  readonly unsafeReuseMs: number;
  /** Whether to learn the server's idle limit. */
  readonly learn: boolean;
  /** Connections of an origin that are kept ready while it is in use; 0 is off. */
  readonly minIdle: number;
  /** How long after a request an origin is in use. */
  readonly minIdleForMs: number;
  /** Whether the connections to a name go to the first address that answers, or over all of them. */
  readonly spread: Spread;
}

/** Where connections to a name with several addresses go. */
export type Spread = "first" | "all";

/** Upper bounds on connections and waiters. */
export interface Limits {
  readonly maxConnections: number;
  readonly maxConnectionsPerOrigin: number;
  readonly maxIdle: number;
  readonly maxIdlePerOrigin: number;
  readonly maxQueue: number;
}

/**
 * Which idle connection is reused.
 *
 * - `"lifo"`: the one that became idle last, so that the others can expire.
 * - `"fifo"`: the one that has been idle longest, so that all are used equally.
 * - `"oldest"`: the one that was opened first (OkHttp, curl). The cost grows with the active connections of the origin.
 * - `"used-first"`: the one used last. An unused one is taken only if there is no other, the one idle longest first
 *   (Chrome). The cost grows with the unused connections of the origin.
 */
export type ReuseOrder = "lifo" | "fifo" | "oldest" | "used-first";

/** Which idle connection is evicted when there are too many: the one idle longest, or the one just released. */
export type Eviction = "stalest" | "returned";

/** What the server announced on one connection, with its latest response. */
export interface ServerHints {
  /** `Connection: close`: this was the last response. */
  readonly close: boolean;
  /** `Keep-Alive: timeout`, in ms. */
  readonly timeoutMs?: number | undefined;
  /** Further requests that the server accepts, from `Keep-Alive: max`. */
  readonly remaining?: number | undefined;
}

/** A server that announced nothing. */
export const NO_HINTS: ServerHints = { close: false };

/** All that a rule may look at: no socket, no clock. */
export interface ConnectionFacts {
  readonly openedAt: number;
  /** When its lifetime ends, jitter already subtracted. */
  readonly expiresAt: number;
  readonly idleSince: number;
  /** Requests it has carried. */
  readonly requests: number;
  readonly hints: ServerHints;
  /** An upper bound of the round trip, in ms. */
  readonly roundTripMs: number;
  /** The learned limit of the server's idle time, margin already subtracted. */
  readonly learnedIdleMs?: number | undefined;
  /** Idle age that the server is known to allow: reuse recently worked at it, or the server closed later than that. */
  readonly workedIdleMs?: number | undefined;
  /** Idle age from which on connections to the origin were silent, margin already subtracted. */
  readonly silentIdleMs?: number | undefined;
  /** The learned number of requests after which the server ends a connection (HTTP/2). */
  readonly learnedRequests?: number | undefined;
}
