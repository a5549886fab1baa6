/** Facts: facts and rules for tests: plain ones to vary by hand, and generators of realistic and extreme ones. */

import fc from "fast-check";
import { type ConnectionFacts, NO_HINTS, type Rules, type ServerHints } from "../../src/rules/rules.ts";

/** Rules that limit nothing. */
export const NO_RULES: Rules = {
  idleTimeoutMs: Infinity,
  unusedIdleTimeoutMs: Infinity,
  maxLifetimeMs: Infinity,
  lifetimeJitter: 0,
  maxRequests: Infinity,
  hintMarginMs: undefined,
  maxConnections: Infinity,
  maxConnectionsPerOrigin: Infinity,
  maxIdle: Infinity,
  maxIdlePerOrigin: Infinity,
  maxQueue: Infinity,
  reuseOrder: "lifo",
  evictPerOrigin: "stalest",
  evictInAll: "stalest",
  unsafeReuseMs: 2000,
  learn: false,
  minIdle: 0,
  minIdleForMs: 300_000,
  spread: "first",
};

/** Rules that limit only what `changes` says. */
export function rules(changes: Partial<Rules> = {}): Rules {
  return { ...NO_RULES, ...changes };
}

/** A connection that has been idle since time 0 and that every rule allows to reuse. */
export function facts(changes: Partial<ConnectionFacts> = {}): ConnectionFacts {
  return {
    openedAt: 0,
    expiresAt: Infinity,
    idleSince: 0,
    requests: 1,
    hints: NO_HINTS,
    roundTripMs: 0,
    ...changes,
  };
}

/** The hints of a server that announced `changes`. */
export function hints(changes: Partial<ServerHints> = {}): ServerHints {
  return { ...NO_HINTS, ...changes };
}

/** Time spans: whole seconds as people write them, fractions as clocks give them, and extreme values. */
export const spans: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 120 }).map((seconds) => seconds * 1000) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 120_000, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 999, 1000, 1001, 2 ** 31 - 1, 2 ** 31, Infinity) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }) },
);

/** Times of a monotonic clock: always finite. */
export const moments: fc.Arbitrary<number> = fc.oneof(
  fc.integer({ min: 0, max: 200_000 }),
  fc.double({ min: 0, max: 200_000, noNaN: true }),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);

const counts = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constantFrom(1, 2 ** 31, Infinity));
const caps = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(0, Infinity));

/** Rules that options can produce. */
export const someRules: fc.Arbitrary<Rules> = fc.record({
  idleTimeoutMs: spans,
  unusedIdleTimeoutMs: spans,
  maxLifetimeMs: spans,
  lifetimeJitter: fc.double({ min: 0, max: 1, noNaN: true }),
  maxRequests: counts,
  hintMarginMs: fc.option(spans, { nil: undefined }),
  maxConnections: counts,
  maxConnectionsPerOrigin: counts,
  maxIdle: caps,
  maxIdlePerOrigin: caps,
  maxQueue: caps,
  reuseOrder: fc.constantFrom("lifo" as const, "fifo" as const, "oldest" as const, "used-first" as const),
  evictPerOrigin: fc.constantFrom("stalest" as const, "returned" as const),
  evictInAll: fc.constantFrom("stalest" as const, "returned" as const),
  unsafeReuseMs: spans,
  learn: fc.boolean(),
  minIdle: fc.constant(0),
  minIdleForMs: spans,
  spread: fc.constantFrom("first" as const, "all" as const),
});

const someHints: fc.Arbitrary<ServerHints> = fc.record({
  close: fc.nat({ max: 9 }).map((roll) => roll === 0),
  timeoutMs: fc.option(spans, { nil: undefined }),
  remaining: fc.option(fc.integer({ min: 0, max: 20 }), { nil: undefined }),
});

/** Facts that the core can produce: a connection becomes idle after it was opened. */
export const someFacts: fc.Arbitrary<ConnectionFacts> = fc
  .record({
    openedAt: moments,
    livesMs: spans,
    idleAfterMs: moments,
    requests: fc.nat({ max: 20 }),
    hints: someHints,
    roundTripMs: fc.double({ min: 0, max: 5000, noNaN: true }),
    learnedIdleMs: fc.option(spans, { nil: undefined }),
    workedIdleMs: fc.option(spans, { nil: undefined }),
  })
  .map(({ livesMs, idleAfterMs, ...rest }) => ({
    ...rest,
    expiresAt: rest.openedAt + livesMs,
    idleSince: rest.openedAt + idleAfterMs,
  }));
