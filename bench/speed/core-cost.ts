/**
 * Core cost: the cost of one acquire and one release in the core, for several numbers of origins and idle
 * connections. It uses no sockets. Prints one JSON line.
 */

import process from "node:process";
import { originOf } from "../../src/contract/origin.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { PoolCore } from "../../src/pool/core/core.ts";
import { Waiter } from "../../src/pool/core/records.ts";
import { NO_HINTS } from "../../src/rules/rules.ts";

/** One row: the size of the pool, and the cost of an acquire and a release. */
export interface CoreCost {
  readonly origins: number;
  readonly idle: number;
  readonly pairNanos: number;
}

const SIZES = [
  { origins: 1, idle: 1 },
  { origins: 1, idle: 100 },
  { origins: 100, idle: 100 },
  { origins: 10_000, idle: 10_000 },
  { origins: 10_000, idle: 100_000 },
  { origins: 1, idle: 100_000 },
];

type Core = PoolCore<undefined, undefined>;

function filled(origins: readonly ReturnType<typeof originOf>[], idle: number): Core {
  const most = 2 * idle + 10;
  const { rules } = resolveOptions({ maxConnections: most, maxConnectionsPerOrigin: most });
  const core: Core = new PoolCore({ rules, acquireTimeoutMs: Infinity });
  for (let count = 0; count < idle; count++) {
    const origin = origins[count % origins.length];
    if (origin === undefined) continue;
    const perOrigin = Math.floor(count / origins.length) + 1;
    for (const effect of core.step({ type: "preconnect", origin, count: perOrigin }, 0)) {
      if (effect.type === "connect")
        core.step({ type: "connected", connection: effect.connection, random: 0 }, 0);
    }
  }
  return core;
}

function pair(core: Core, origin: ReturnType<typeof originOf>): void {
  const waiter = new Waiter<undefined, undefined>(undefined, false, false);
  for (const effect of core.step({ type: "acquire", waiter, origin }, 1)) {
    if (effect.type !== "grant") throw new Error(`Expected a grant, got ${effect.type}`);
    const { connection } = effect;
    core.step({ type: "release", connection, hints: NO_HINTS, reason: undefined, answered: true }, 2);
  }
}

/** The best of several batches, which excludes other work of the machine. */
function cost({ origins, idle }: { origins: number; idle: number }): CoreCost {
  const list = Array.from({ length: origins }, (_, at) => originOf(`http://o${at}.test`));
  const core = filled(list, idle);
  const PAIRS = 5000;
  let best = Infinity;
  for (let batch = 0; batch < 30; batch++) {
    const startedAt = performance.now();
    for (let at = 0; at < PAIRS; at++) pair(core, list[(at * 7919) % origins] as (typeof list)[0]);
    best = Math.min(best, performance.now() - startedAt);
  }
  return { origins, idle, pairNanos: (best / PAIRS) * 1e6 };
}

cost({ origins: 1, idle: 1 });
console.log(JSON.stringify(SIZES.map(cost)));
process.exit(0);
