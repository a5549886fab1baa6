/** Simulations of policies: they show what a policy does, and a seed gives the same result on every runtime. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { balance, simulate } from "../../src/testing/mod.ts";
import { PATIENT } from "../support/patience.ts";

const few = { requests: 400, callers: 8 } as const;

describe("simulate()", () => {
  it("gives the same result for a seed, on every runtime", PATIENT, async () => {
    const servers = {
      api: { idleTimeout: "5s", announce: true },
      alb: { replicas: 3, maxRequests: 20 },
    } as const;
    const found = await simulate({ idleTimeout: "1m" }, servers, few);
    assertEquals(found, await simulate({ idleTimeout: "1m" }, servers, few));
    assertEquals(JSON.stringify(found), RESULT);
  });

  it("shows what a silent middlebox costs with and without a doubt", PATIENT, async () => {
    const servers = { nat: { idleTimeout: "3s", silent: true } } as const;
    const options = { ...few, posts: 0, stallAfter: "5s" } as const;
    const doubting = await simulate({ idleTimeout: "1m", tcpKeepAlive: false }, servers, options);
    const trusting = await simulate(
      { idleTimeout: "1m", tcpKeepAlive: false, doubt: false, learn: false, headersTimeout: "30s" },
      servers,
      options,
    );
    assertEquals([doubting.nat.failed, doubting.nat.stalls], [0, 0]);
    assert(trusting.nat.failed > 0 && trusting.nat.stalls > 0, JSON.stringify(trusting.nat));
  });

  it("refuses what it cannot simulate", async () => {
    const cases: [() => Promise<unknown>, typeof Error, string][] = [
      [() => simulate({}, {}), TypeError, "needs a server"],
      [() => simulate({ idleTimout: 1 } as never, { a: {} }), TypeError, "did you mean idleTimeout?"],
      [() => simulate({ clock: {} } as never, { a: {} }), TypeError, "clock is the simulation's own"],
      [() => simulate({}, { a: { replicas: 0 } }), RangeError, "replicas of a"],
      [() => simulate({}, { a: {} }, { posts: 2 }), RangeError, "posts must be a share"],
      [() => simulate({}, { a: {} }, { requests: 0 }), RangeError, "requests must be"],
      [() => simulate({}, { a: {} }, { reqests: 5 } as never), TypeError, "did you mean requests?"],
    ];
    for (const [run, kind, says] of cases) await assertRejects(run, kind, says);
  });
});

describe("balance()", () => {
  const world = { clients: 300, replicas: 5, scaleAt: "10m", until: "1h", sampleEvery: "10m" } as const;
  const last = (samples: ReturnType<typeof balance>) => samples.at(-1);

  it("shows that connections without an end leave new servers idle, and that a lifetime or a maximum moves them", () => {
    const endless = last(balance({ maxLifetime: Infinity, idleTimeout: Infinity }, world));
    assertEquals(endless?.onNew, 0);
    for (const policy of [{ maxLifetime: "15m" }, { maxRequests: 50, maxLifetime: Infinity }] as const) {
      const sample = last(balance({ ...policy, idleTimeout: Infinity }, world));
      assert(sample !== undefined && sample.onNew > 0.4 && sample.onNew < 0.6, JSON.stringify(sample));
    }
  });

  it("shows the wave of a lifetime without jitter", () => {
    const most = (lifetimeJitter: number) =>
      Math.max(
        ...balance(
          { maxLifetime: "15m", lifetimeJitter, idleTimeout: Infinity },
          { ...world, sampleEvery: "1m" },
        ).map(({ opened }) => opened),
      );
    assert(most(0) > 250 && most(0.5) < 150, `${most(0)} and ${most(0.5)} connections in a minute`);
  });

  it("refuses what cannot be", () => {
    assertThrows(() => balance({}, { clients: 0 }), RangeError, "clients must be");
    assertThrows(() => balance({}, { replicas: 5, scaleTo: 4 }), RangeError, "scaleTo must be at least");
    assertThrows(() => balance({}, { until: Infinity }), RangeError, "until must be above 0 and finite");
    assertThrows(() => balance({}, { replica: 5 } as never), TypeError, "did you mean replicas?");
  });
});

/** Printed by one runtime, and held by all. */
const RESULT =
  '{"api":{"requests":211,"failed":0,"staleHits":0,"stalls":0,"longestMs":15,"resent":0,"connections":3,"reuse":0.990521327014218,"load":[211],"skew":1},"alb":{"requests":189,"failed":0,"staleHits":0,"stalls":0,"longestMs":15,"resent":0,"connections":10,"reuse":0.9470899470899471,"load":[89,40,60],"skew":1.4126984126984128}}';
