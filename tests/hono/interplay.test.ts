/** A slice of bench/interplay: a Holdfast pool obeys what Holdfast's own middleware announces. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { interplay, isFlawless } from "../../bench/interplay/run.ts";
import { SERVERS } from "./support/servers.ts";

describe("a pool against keepAlive()", () => {
  it("has no stale hit in random traffic", { timeout: 60_000 }, async () => {
    const results = await Promise.all(
      SERVERS.map((server) => interplay(server, { seconds: 4, seed: 3, callers: 20 })),
    );
    for (const result of results) {
      assertEquals([[...result.failures], result.beyond], [[], 0]);
      assert(isFlawless(result));
      assert(result.reused > result.opened, "connections are hardly reused");
    }
  });
});
