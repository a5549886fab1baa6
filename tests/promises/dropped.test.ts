/** Promise: a response that the program has forgotten does not hold its connection for ever. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { Pool } from "../../mod.ts";
import { collectUntil } from "../support/garbage.ts";
import { service } from "../support/service.ts";

const PATIENT = { timeout: 60_000 };

const MIB = 1 << 20;

interface Answered {
  readonly status: number;
  text(): Promise<string>;
}

const CALLS: Readonly<Record<string, (pool: Pool) => Promise<Answered>>> = {
  "request()": (pool) => pool.request("http://a.test/"),
  "fetch()": (pool) => pool.fetch("http://a.test/"),
};

/** Asks, and keeps nothing of the answer but its status: the caller's frame must not hold it either. */
async function askAndForget(call: (typeof CALLS)[string], pool: Pool): Promise<number> {
  return (await call(pool)).status;
}

for (const [name, call] of Object.entries(CALLS)) {
  describe(`a dropped response of ${name}`, () => {
    it("gives its connection up when much of it is unread", PATIENT, async () => {
      const { pool, retired } = service({}, undefined, { respond: undefined, ...headOf(MIB) });
      assertEquals(await askAndForget(call, pool), 200);
      assert(await collectUntil(() => retired().length > 0), "nobody noticed");
      assertEquals(retired(), ["unread-body"]);
      assertEquals([pool.stats().active, pool.stats().open], [0, 0]);
    });

    it("waits no longer than a moment for the little that is unread", PATIENT, async () => {
      const { pool, clock, retired } = service({}, undefined, { respond: undefined, ...headOf(10) });
      assertEquals(await askAndForget(call, pool), 200);
      const noticed = await collectUntil(() => {
        clock.block(1000);
        void clock.advance(0);
        return retired().length > 0;
      });
      assert(noticed, "nobody noticed");
      assertEquals(retired(), ["unread-body"]);
    });

    it("is left alone while its body is being read", PATIENT, async () => {
      const { pool, transport } = service({}, undefined, { respond: undefined, ...headOf(10) });
      const text = (await call(pool)).text();
      await collectUntil(() => false, 10);
      transport.peers[0]?.send("0123456789");
      assertEquals(await text, "0123456789");
    });
  });
}

/** A server that answers with a head, and leaves the body to be sent. */
function headOf(length: number) {
  return {
    accept(peer: { onData(listener: () => void): void; send(text: string): void }) {
      peer.onData(() => peer.send(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`));
    },
  };
}
