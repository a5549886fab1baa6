/** The budget of a probe: connections beyond it wait, whatever experiment wants them. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { originOf } from "../../src/contract/origin.ts";
import { Lab } from "../../src/probe/lab.ts";
import type { ProbeConnection } from "../../src/probe/probe-connection.ts";
import { peerOf } from "../../src/probe/probe-ground.ts";
import { probeSettings } from "../../src/probe/probe-options.ts";
import { Enough, Run } from "../../src/probe/run.ts";
import { MovableClock, settled } from "../support/clock.ts";
import { scriptedServer } from "./scripted-server.ts";

function lab(): Lab {
  const clock = new MovableClock();
  const run = new Run(probeSettings({ connections: 4 }));
  const url = "http://server.test/";
  const ground = { transport: scriptedServer({}, clock), clock };
  return new Lab(run, peerOf({ url, origin: originOf(url), addresses: [], ground }, "http/1.1"), []);
}

describe("the connections of a probe", () => {
  it("wait until another has ended", async () => {
    const shared = lab();
    const opened: ProbeConnection[] = [];
    for (let count = 0; count < 4; count++) opened.push(await shared.open());
    let isOpen = false;
    const fifth = shared.open().then(() => {
      isOpen = true;
    });
    await settled();
    assertEquals([isOpen, shared.run.connections], [false, 4]);
    opened[0]?.close();
    await fifth;
    assertEquals([isOpen, shared.run.connections], [true, 4]);
  });

  it("do not wait beyond the end of the probe", async () => {
    const shared = lab();
    for (let count = 0; count < 4; count++) await shared.open();
    const fifth = shared.open();
    shared.run.stop();
    await assertRejects(() => fifth, Enough);
    await settled();
    assertEquals(shared.run.connections, 0);
  });
});
