/** A slice of the rolling update (`npm run rolling`): our pool loses nothing that may be repeated. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { PATIENT } from "../support/patience.ts";
import { rollingUpdate } from "./rolling-update.ts";

/** Some GETs fail on Bun 1.4, with either kind of server. Whether the pool, the servers or the balancer is to blame is open. */
const skip = "Bun" in globalThis ? "not explained yet on Bun" : false;

describe("A rolling update of two servers at 500 requests per second", { skip }, () => {
  it("costs our pool no request that may be repeated, and executes no POST twice", PATIENT, async () => {
    const pool = createPool();
    const plan = { seconds: 1, perSecond: 500, everyMs: 200 };
    const ours = await rollingUpdate(plan, pool.fetch, () => pool.stats().retries);
    await pool.close({ timeout: 0 });
    assert(ours.sent > 100, `${ours.sent} sent`);
    assertEquals([ours.failedGets, ours.executedTwice], [0, 0], JSON.stringify(ours));
  });
});
