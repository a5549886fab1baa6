import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { originOf } from "../../../src/contract/origin.ts";
import { PoolCore } from "../../../src/pool/core/core.ts";
import { ConnectionRecord, Waiter } from "../../../src/pool/core/records.ts";
import { poolStats } from "../../../src/pool/stats.ts";
import { NO_HINTS } from "../../../src/rules/rules.ts";
import { rules } from "../../support/facts.ts";

/** One request to an origin of its own, over a connection that is not kept. */
function visit(core: PoolCore<undefined, undefined>, nth: number): void {
  const waiter = new Waiter<undefined, undefined>(undefined, false, false);
  const [connect] = core.step({ type: "acquire", waiter, origin: originOf(`http://host-${nth}`) }, nth);
  assert(connect?.type === "connect");
  const { connection } = connect;
  core.step({ type: "connected", connection, random: 0 }, nth);
  core.step({ type: "release", connection, hints: NO_HINTS, reason: "peer-close" }, nth);
}

describe("origins without connections and waiters", () => {
  it("are forgotten beyond 10,000, the longest unused first, but their counts stay in the total", () => {
    const core = new PoolCore<undefined, undefined>({ rules: rules(), acquireTimeoutMs: Infinity });
    for (let nth = 0; nth < 10_500; nth++) visit(core, nth);
    const stats = poolStats(core.origins, 0);
    assertEquals(Object.keys(stats.origins).length, 10_000);
    assertEquals(core.origins.find("http://host-499"), undefined);
    assertEquals(core.origins.find("http://host-500")?.counters.opened, 1);
    assertEquals([stats.opened, stats.retired["peer-close"]], [10_500, 10_500]);
  });

  it("are not forgotten while they are used", () => {
    const core = new PoolCore<undefined, undefined>({ rules: rules(), acquireTimeoutMs: Infinity });
    const waiter = new Waiter<undefined, undefined>(undefined, false, false);
    core.step({ type: "acquire", waiter, origin: originOf("http://used") }, 0);
    visit(core, 1);
    visit(core, 0);
    visit(core, 1);
    for (let nth = 2; nth < 10_002; nth++) visit(core, nth);
    assert(core.origins.find("http://used"));
    assertEquals(core.origins.find("http://host-0"), undefined);
    assertEquals(core.origins.find("http://host-1"), undefined);
    assert(core.origins.find("http://host-2"));
  });

  it("leave no connection behind in the deadlines", () => {
    const core = new PoolCore<undefined, undefined>({
      rules: rules({ idleTimeoutMs: 1e9, maxConnections: 10 }),
      acquireTimeoutMs: Infinity,
    });
    for (let nth = 0; nth < 5000; nth++) {
      const waiter = new Waiter<undefined, undefined>(undefined, false, false);
      const effects = core.step({ type: "acquire", waiter, origin: originOf(`http://host-${nth}`) }, nth);
      const connect = effects.find(({ type }) => type === "connect");
      assert(connect?.type === "connect");
      const { connection } = connect;
      core.step({ type: "connected", connection, random: 0 }, nth);
      core.step({ type: "release", connection, hints: NO_HINTS, reason: undefined }, nth);
    }
    assertEquals(core.origins.open, 10);
    assert(core.origins.deadlines.size <= 21, `${core.origins.deadlines.size} deadlines`);
  });
});

describe("a connection's record", () => {
  it("begins without limits of its own", () => {
    const core = new PoolCore<undefined, undefined>({ rules: rules(), acquireTimeoutMs: 1 });
    const origin = core.origins.recordOf(originOf("http://a"));
    const record = new ConnectionRecord<undefined, undefined>(1, origin, 5);
    const { state, openedAt, idleSince, expiresAt, retireAt, requests, hints } = record;
    assertEquals(
      { state, openedAt, idleSince, expiresAt, retireAt, requests, hints },
      {
        state: "connecting",
        openedAt: 5,
        idleSince: 5,
        expiresAt: Infinity,
        retireAt: Infinity,
        requests: 0,
        hints: NO_HINTS,
      },
    );
  });
});
