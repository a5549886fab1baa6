/** A short run of bench/interplay: a Holdfast pool obeys the announcements of Holdfast's own middleware. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type InterplayResult, interplay, isFlawless, SLACK_MS } from "../../../bench/interplay/run.ts";
import { PATIENCE_MS } from "../../support/patience.ts";
import { SERVERS } from "../support/servers.ts";

describe("a pool against keepAlive()", () => {
  it("never sends a request on a stale connection in random traffic", {
    timeout: 5 * PATIENCE_MS,
  }, async () => {
    for (const result of await whileAwake()) {
      assertEquals([[...result.failures], result.beyond], [[], 0]);
      assert(isFlawless(result));
      assert(result.reused > result.opened, "connections are hardly reused");
    }
  });
});

/** Repeats runs in which the machine stalled for longer than the pool's margin: they prove nothing about the pool. */
async function whileAwake(): Promise<readonly InterplayResult[]> {
  const options = { seconds: 4, seed: 3, callers: 20, least: 1000 };
  for (;;) {
    const results = await Promise.all(SERVERS.map((server) => interplay(server, options)));
    if (results.every(isFlawless) || results.every(({ stoodStillMs }) => stoodStillMs < SLACK_MS / 2))
      return results;
  }
}
