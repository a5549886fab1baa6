/** The probe against real servers whose settings are known. They run side by side, for a few seconds of real time. */

import { describe, it } from "node:test";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { probe } from "../../src/probe/probe.ts";
import { detectTransport } from "../../transports/detect.ts";
import { servers } from "../parity/servers/all.ts";
import {
  IDLE_MS,
  LIFETIME_MS,
  REQUESTS,
  type RunningServer,
  type ServerSystem,
  type SetupName,
} from "../parity/servers/server-system.ts";

/** Above every limit of the servers. */
const MAX_IDLE = "8s";

describe("a probe of a real server", { concurrency: true }, () => {
  for (const system of servers)
    it(`${system.title}: the limits that it was started with`, async (t) => {
      const running = await system.start();
      if ("missing" in running) return t.skip(running.missing);
      try {
        await Promise.all(setupsOf(system).map((name) => checkSetup(running, name)));
      } finally {
        await running.close();
      }
    });
});

function setupsOf({ setups }: ServerSystem): SetupName[] {
  return (Object.keys(setups) as SetupName[]).filter((name) => name !== "announced");
}

async function checkSetup({ ports }: RunningServer, name: SetupName): Promise<void> {
  const url = `http://127.0.0.1:${ports[name]}/`;
  const transport = await detectTransport();
  const report = await probe(url, { maxIdle: MAX_IDLE, requests: 20 }, { transport });
  assertEquals(report.stopped, false);
  if (name === "idle") assertAlmostEquals(report.idle.value ?? NaN, IDLE_MS, TOLERANCE_MS);
  if (name === "requests") assertEquals(report.requests.value, REQUESTS);
  if (name === "lifetime") assertAlmostEquals(report.lifetime.value ?? NaN, LIFETIME_MS, TOLERANCE_MS);
}

/** A quiet machine is within half a second. Servers look at their timers now and then, and the machine may be busy. */
const TOLERANCE_MS = 1500;
