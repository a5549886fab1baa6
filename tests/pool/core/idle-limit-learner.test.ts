/** What a lesson lets a request that cannot be sent twice rely on: closes that were seen, not those run into. */

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
  const dial = effects.find((effect) => effect.type === "connect");
  if (dial === undefined) throw new Error("neither a connection nor a dial");
  core.step({ type: "connected", connection: dial.connection, random: 0 }, now);
  return dial.connection;
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
