/** Pings: what a silent connection is sent, and when it is given up. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { originOf } from "../../src/contract/origin.ts";
import type { TransportError } from "../../src/contract/transport.ts";
import type { PoolWire } from "../../src/contract/wire.ts";
import { ConnectionRecord, OriginRecord } from "../../src/pool/core/records.ts";
import { Pings } from "../../src/pool/pings.ts";
import { PoolTimer } from "../../src/pool/timer.ts";
import type { PingRule } from "../../src/rules/ping.ts";
import { MovableClock } from "../support/clock.ts";
import { rules } from "../support/facts.ts";

/** A connection with a request, whose peer says nothing, and what was done to it. */
function silent(changes: Partial<PingRule> = {}) {
  const clock = new MovableClock();
  const start = clock.now();
  const done: string[] = [];
  const record = new ConnectionRecord<unknown, unknown>(
    1,
    new OriginRecord(originOf("https://a.test"), 1, rules()),
    start,
  );
  record.state = "active";
  const at = (what: string): void => void done.push(`${clock.now() - start} ${what}`);
  const wire: PoolWire = {
    protocol: "h2",
    start: () => 100,
    ping: () => at("ping"),
    giveUp: (reason: string, error: TransportError) => at(`${reason}: ${error.message}`),
  };
  const timer = new PoolTimer(clock, () => {});
  const rule = { intervalMs: 10_000, timeoutMs: 2000, whileIdle: false, ...changes };
  const pings = new Pings({ record, wire }, rule, timer, start);
  return { clock, done, record, pings };
}

describe("pings", () => {
  it("go after silence, and give the connection up when nothing is heard", async () => {
    const { clock, done } = silent();
    await clock.advance(9999);
    assertEquals(done, []);
    await clock.advance(1);
    assertEquals(done, ["10000 ping"]);
    await clock.advance(1999);
    assertEquals(done.length, 1);
    await clock.advance(1);
    assertEquals(done.at(-1), "12000 ping-timeout: No answer to a PING within 2s");
    await clock.advance(60_000);
    assertEquals(done.length, 2);
  });

  it("go on as long as anything is heard", async () => {
    const { clock, done, pings } = silent();
    for (let time = 0; time < 3; time++) {
      await clock.advance(10_000);
      await clock.advance(500);
      pings.heard(clock.now());
    }
    assertEquals(done, ["10000 ping", "20500 ping", "31000 ping"]);
  });

  it("do not go while there is no request, and one goes with the next request after a long silence", async () => {
    const { clock, done, record, pings } = silent();
    record.state = "idle";
    await clock.advance(100_000);
    assertEquals(done, []);
    record.state = "active";
    pings.leased();
    await clock.advance(1);
    assertEquals(done.length, 1);
  });

  it("go on an idle connection if asked for", async () => {
    const { clock, done, record } = silent({ whileIdle: true });
    record.state = "idle";
    await clock.advance(10_000);
    assertEquals(done, ["10000 ping"]);
  });

  it("come half as often after a wish for calm", async () => {
    const { clock, done, record } = silent();
    record.originRecord.calmed = 1;
    await clock.advance(19_999);
    assertEquals(done, []);
    await clock.advance(1);
    assertEquals(done, ["20000 ping"]);
  });

  it("end with the connection", async () => {
    const { clock, done, pings } = silent();
    pings.stop();
    await clock.advance(100_000);
    assertEquals(done, []);
  });
});
