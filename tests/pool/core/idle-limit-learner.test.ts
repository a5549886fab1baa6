/**
 * Learned limits and unsafe requests: a close that was watched proves the idle time before it. One that a request ran
 * into does not.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { originOf } from "../../../src/contract/origin.ts";
import { resolveOptions } from "../../../src/options/resolve.ts";
import { PoolCore } from "../../../src/pool/core/core.ts";
import type { ConnectionRecord } from "../../../src/pool/core/records.ts";
import { Waiter } from "../../../src/pool/core/records.ts";
import { NO_HINTS } from "../../../src/rules/rules.ts";

type Core = PoolCore<undefined, string>;
type Record = ConnectionRecord<undefined, string>;

const origin = originOf("http://a");

function granted(core: Core, unsafe: boolean, now: number): Record {
  const input = {
    type: "acquire",
    waiter: new Waiter<undefined, string>("w", unsafe, false),
    origin,
  } as const;
  const effects = core.step(input, now);
  const grant = effects.find((effect) => effect.type === "grant");
  if (grant !== undefined) return grant.connection;
  const connect = effects.find((effect) => effect.type === "connect");
  if (connect === undefined) throw new Error("neither a grant nor a connect attempt");
  core.step({ type: "connected", connection: connect.connection, random: 0 }, now);
  return connect.connection;
}

function release(core: Core, connection: Record, now: number, answered = true): void {
  const reason = answered ? undefined : "peer-closed";
  core.step({ type: "release", connection, hints: NO_HINTS, reason, answered }, now);
}

function newCore(): Core {
  const { rules } = resolveOptions({ idleTimeout: "1m" });
  return new PoolCore<undefined, string>({ rules, acquireTimeoutMs: 1000 });
}

describe("a learned limit", () => {
  it("proves a connection fresh when the server was seen to close at it", () => {
    const core = newCore();
    const first = granted(core, false, 0);
    release(core, first, 0);
    core.step({ type: "lost", connection: first, reason: "peer-closed" }, 10_000);
    const second = granted(core, false, 20_000);
    release(core, second, 20_000);
    assertEquals(granted(core, true, 28_000).id, second.id);
  });

  it("proves nothing when a request ran into it", () => {
    const core = newCore();
    const first = granted(core, false, 0);
    release(core, first, 0);
    release(core, granted(core, false, 10_000), 10_000, false);
    const second = granted(core, false, 20_000);
    release(core, second, 20_000);
    assertEquals(second.learnedIdleMs < 10_000, true);
    assertEquals(granted(core, true, 28_000).id === second.id, false);
  });
});

describe("an idle connection whose probes got no answer", () => {
  /** Two such deaths, some minutes apart. `heardAgo`: how long before each the origin was heard on another connection. */
  function learned(heardAgo: number): number {
    const core = newCore();
    let limit = Infinity;
    for (const start of [0, 300_000]) {
      const connection = granted(core, false, start);
      release(core, connection, start);
      const now = start + 25_000;
      connection.originRecord.reach.heardAt = now - heardAgo;
      core.step({ type: "lost", connection, reason: "no-answer" }, now);
      limit = connection.originRecord.learnedIdleMs;
    }
    return limit;
  }

  it("teaches the idle limit if its origin was heard meanwhile", () => {
    assertEquals(learned(100), 12_500);
  });

  it("teaches nothing if the network may have been out", () => {
    assertEquals(learned(2000), Infinity);
  });
});
