/** Promise: a response that was discarded is collected as garbage. On V8 the call sites of a stored error would hold it. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assert } from "@std/assert";
import { createPool, type Pool } from "../../mod.ts";
import { collectUntil } from "../support/garbage.ts";
import { PATIENT } from "../support/patience.ts";

const RESPONSES = 20;

/** Its collector takes old values on the stack for references, so that nothing is certain there. What is proven is V8's. */
const isBun = "Bun" in globalThis;

/** A frame of its own, so that no variable refers to the responses. A `WeakRef` would hold what it shows until the turn ends. */
async function discard(pool: Pool, url: string, registry: FinalizationRegistry<number>): Promise<void> {
  for (let count = 0; count < RESPONSES; count++) {
    const response = await pool.request(url);
    response.discard();
    registry.register(response, count);
  }
}

describe("a discarded response of request()", () => {
  it("is collected as garbage", { ...PATIENT, skip: isBun }, async () => {
    const server = createServer((_request, response) => {
      response.writeHead(200, { "content-length": 1 << 20 });
      response.write("the rest never comes");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const pool = createPool();
    try {
      let left = RESPONSES;
      const registry = new FinalizationRegistry<number>(() => {
        left -= 1;
      });
      await discard(pool, `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, registry);
      // Some may still be in registers.
      assert(await collectUntil(() => left <= RESPONSES / 2), `${left} of ${RESPONSES} are still there`);
    } finally {
      await pool.close({ timeout: 0 });
      server.closeAllConnections();
      server.close();
    }
  });
});
