/** A slice of the rolling update (`npm run rolling`): our pool loses nothing that may be repeated. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { PATIENT } from "../support/patience.ts";
import { has } from "../support/serve.ts";
import { rollingUpdate } from "./rolling-update.ts";

const SERVERS = has.deno || has.bun ? (["node", "native"] as const) : (["node"] as const);

describe("A rolling update of two servers at 500 requests per second", () => {
  for (const server of SERVERS) {
    const name = server === "node" ? "@hono/node-server" : "the runtime's server";
    it(
      `costs our pool no GET that it may send again, and executes no POST twice: ${name}`,
      PATIENT,
      async () => {
        const pool = createPool();
        const plan = { seconds: 1, perSecond: 500, everyMs: 200, server };
        const ours = await rollingUpdate(plan, pool.fetch, () => pool.stats().retries);
        await pool.close({ timeout: 0 });
        assert(ours.sent > 100, `${ours.sent} sent`);
        // Where the machine is too busy, a server stops before the first request of a new connection has reached it.
        assertEquals([ours.lostOnUsed, ours.executedTwice], [0, 0], JSON.stringify(ours));
      },
    );
  }
});
