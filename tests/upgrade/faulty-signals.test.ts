/** Faulty signals: where a member of a foreign signal throws, an upgrade fails, and says how much of it was sent. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { factsOf, faultySignal } from "../support/faulty-signal.ts";

/** A pool whose server is mute. */
const mute = () => createPool({ transport: memoryTransport({ accept: () => {} }) });

const ask = (pool: ReturnType<typeof mute>, signal: AbortSignal) =>
  assertRejects(() => pool.upgrade("http://a.test/", { protocol: "tcp", signal }), HoldfastError);

describe("upgrade()", () => {
  for (const member of ["aborted", "reason", "addEventListener"] as const)
    it(`with a signal whose ${member} throws says that nothing was sent`, async () => {
      const pool = mute();
      const { signal, spoil } = faultySignal(member);
      spoil();
      const error = await ask(pool, signal);
      const facts = factsOf(error);
      assertEquals(facts, Array(facts.length).fill("ERR_FUNCTION in queue, sent none"));
      assert(error.message.includes(`signal.${member} threw: Error: broken`), error.message);
      assertEquals(pool.stats().open, 0);
      await pool.close({ timeout: 0 });
    });

  it("with a signal whose reason throws when it is aborted says that all was sent, once it was", async () => {
    const pool = mute();
    const { signal, abort } = faultySignal("reason");
    const failed = ask(pool, signal);
    while (pool.stats().active === 0) await settled();
    abort();
    const inHeaders = "ERR_FUNCTION in headers, sent full";
    assertEquals(factsOf(await failed), [inHeaders, inHeaders]);
    assertEquals([pool.stats().active, pool.stats().open], [0, 0]);
    await pool.close({ timeout: 0 });
  });
});
