/** Promise: a response that the program has forgotten does not keep its connection for ever. */

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

/** Sends a request and keeps only the status of its response. A frame of its own, so that no variable refers to the response. */
async function askAndForget(call: (typeof CALLS)[string], pool: Pool): Promise<number> {
  return (await call(pool)).status;
}

for (const [name, call] of Object.entries(CALLS)) {
  describe(`a dropped response of ${name}`, () => {
    it("gives up its connection if much of the body is unread", PATIENT, async () => {
      const { pool, retired } = service({}, undefined, { respond: undefined, ...headOf(MIB) });
      assertEquals(await askAndForget(call, pool), 200);
      assert(await collectUntil(() => retired().length > 0), "nobody noticed");
      assertEquals(retired(), ["unread-body"]);
      assertEquals([pool.stats().active, pool.stats().open], [0, 0]);
    });

    it("waits only a moment for a small unread rest", PATIENT, async () => {
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

    it("keeps its connection while its body is being read", PATIENT, async () => {
      const { pool, transport } = service({}, undefined, { respond: undefined, ...headOf(10) });
      const text = (await call(pool)).text();
      await collectUntil(() => false, 10);
      transport.peers[0]?.send("0123456789");
      assertEquals(await text, "0123456789");
    });
  });
}

/** A server that answers with a head. The test sends the body. */
function headOf(length: number) {
  return {
    accept(peer: { onData(listener: () => void): void; send(text: string): void }) {
      peer.onData(() => peer.send(`HTTP/1.1 200 OK\r\ncontent-length: ${length}\r\n\r\n`));
    },
  };
}
