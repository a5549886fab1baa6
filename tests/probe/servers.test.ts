/**
 * The probe against real servers whose settings are known, side by side, with short limits. `npm run probe:servers` has longer ones,
 * and tolerances that a busy machine cannot keep.
 */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { PATIENT } from "../support/patience.ts";
import { knownSystems } from "./servers/all.ts";
import { type Compared, compare, probePort } from "./servers/comparison.ts";
import type { KnownPort } from "./servers/known-server.ts";

/** As the parity suite's servers have them. */
const LIMITS = { idleMs: 2000, unusedMs: 2000, requests: 4, lifetimeMs: 3000 } as const;
/** Above every limit of the servers. */
const BOUNDS = { maxIdle: "3500ms", requests: 10 } as const;
/** A quiet machine is within half a second. Servers look at their timers now and then, and the machine may be busy. */
const SLACK_MS = 1000;
const MOST_LOOKS = 4;

/** The servers are the same on every runtime. On Deno and Bun this one shows that the probe is, too. */
const EVERYWHERE = "nginx with TLS and HTTP/2";
/** Its ticks of 4 s are too long for this test. */
const SLOW = "Bun.serve";

const isNode = !("Deno" in globalThis || "Bun" in globalThis);
const systems = knownSystems.filter(({ title }) => (isNode ? title !== SLOW : title === EVERYWHERE));

describe("a probe of a real server", { concurrency: true, ...PATIENT }, () => {
  for (const system of systems)
    it(`${system.title}: the limits that it was started with`, PATIENT, async (t) => {
      const running = await system.start(LIMITS);
      if ("missing" in running) return t.skip(running.missing);
      try {
        await Promise.all(Object.values(running.ports).map(checkPort));
      } finally {
        await running.close();
      }
    });
});

/** What is found too late is no fault of the probe's on a busy machine: then it looks again. A server that is misjudged is so each time. */
async function checkPort(port: KnownPort): Promise<void> {
  let wrong = await mistakes(port);
  for (let left = MOST_LOOKS - 1; left > 0 && wrong.length > 0; left--) wrong = await mistakes(port);
  assertEquals(wrong, []);
}

async function mistakes(port: KnownPort): Promise<readonly Compared[]> {
  const report = await probePort(port, BOUNDS);
  assertEquals(report.stopped, false);
  assertEquals(report.http2 !== undefined, port.http2 !== undefined);
  return compare(report, port, SLACK_MS).filter(({ isRight }) => !isRight);
}
