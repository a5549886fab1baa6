/** Options: makes the options of the real pool from a plan. */

import type { Clock, LimitStore, PoolOptions, StoredLimit } from "../../mod.ts";
import type { Prng } from "../support/prng.ts";
import type { Plan } from "./plan.ts";

/** What a world adds to the options of its pool. */
export type WorldParts = Required<Pick<PoolOptions, "transport" | "onEvent">> & {
  readonly clock: Clock;
  readonly prng: Prng;
};

export function optionsOf(plan: Plan, { transport, onEvent, clock, prng }: WorldParts): PoolOptions {
  const { terms, hintMargin } = plan;
  return {
    transport,
    onEvent,
    clock,
    random: () => prng.next(),
    idleTimeout: terms.idleTimeoutMs,
    maxRequests: terms.maxRequests,
    maxLifetime: terms.maxLifetimeMs,
    lifetimeJitter: plan.lifetimeJitter,
    serverHints: terms.honorsHints ? "honor" : "ignore",
    ...(hintMargin === undefined ? {} : { hintMargin }),
    maxConnections: terms.maxConnections,
    maxConnectionsPerOrigin: terms.maxConnectionsPerOrigin,
    maxIdle: terms.maxIdle,
    maxIdlePerOrigin: terms.maxIdlePerOrigin,
    maxQueue: terms.maxQueue,
    reuseOrder: plan.reuseOrder,
    acquireTimeout: terms.acquireTimeoutMs,
    connectTimeout: Math.min(plan.connectTimeoutMs, plan.users.requestTimeoutMs),
    headersTimeout: plan.headersTimeoutMs,
    bodyIdleTimeout: plan.bodyIdleTimeoutMs,
    ...(plan.users.requestTimeoutMs === Infinity ? {} : { requestTimeout: plan.users.requestTimeoutMs }),
    dnsRefresh: plan.dnsRefreshMs,
    retry: terms.retries,
    unsafeReuse: terms.unsafeReuseMs,
    minIdle: Math.min(
      plan.users.minIdle,
      terms.maxIdle,
      terms.maxIdlePerOrigin,
      terms.maxConnectionsPerOrigin,
    ),
    ...(plan.users.hasEntry ? { origins: { [`http://${plan.servers[0]?.hostname}`]: {} } } : {}),
    learn: plan.learn === "store" ? { store: flakyStore(prng) } : plan.learn === "yes",
  };
}

/** A store that fails now and then, and sometimes returns data that nobody wrote. */
function flakyStore(prng: Prng): LimitStore {
  const kept = new Map<string, StoredLimit>();
  return {
    get(origin) {
      if (prng.oneIn(10)) throw new Error("The store is down");
      if (prng.oneIn(10)) return { version: 1, closes: "many" } as unknown as StoredLimit;
      return kept.get(origin);
    },
    async set(origin, value) {
      await undefined;
      if (prng.oneIn(10)) throw new Error("The store is down");
      kept.set(origin, structuredClone(value));
    },
  };
}
