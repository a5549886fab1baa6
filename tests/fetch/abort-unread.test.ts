/** Aborts of a response that is still unread: its body then fails with the reason, even for bytes that had arrived. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

const URL = "http://a.test/";
/** Of a type that `formData()` accepts: Bun checks the type first. */
const OK = "HTTP/1.1 200 OK\r\ncontent-type: application/x-www-form-urlencoded\r\n";
const REASON = new Error("changed my mind");

/** Lazy responses are made on Node only. */
const LAZY = "Deno" in globalThis || "Bun" in globalThis ? [false] : [false, true];

function answering(text: string, lazyResponse: boolean) {
  const accept = (peer: MemoryPeer) => peer.onData(() => peer.send(text));
  return service({}, undefined, { respond: undefined, accept }, { lazyResponse });
}

/** Bodies of which a part is missing. After a whole body the exchange is over, and the signal has no effect. */
const BODIES: Readonly<Record<string, string>> = {
  "of which some has come": `${OK}content-length: 10\r\n\r\nsome`,
  "of which nothing has come": `${OK}content-length: 10\r\n\r\n`,
};

const READERS = ["text", "json", "arrayBuffer", "blob", "formData"] as const;

async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "it did not fail",
    (error) => error,
  );
}

for (const lazy of LAZY) {
  describe(`an abort before a ${lazy ? "lazy " : ""}response of fetch() was read`, () => {
    for (const [what, text] of Object.entries(BODIES)) {
      it(`makes a body ${what} fail with the reason in every form`, async () => {
        for (const read of READERS) {
          const { pool } = answering(text, lazy);
          const controller = new AbortController();
          const response = await pool.fetch(URL, { signal: controller.signal });
          controller.abort(REASON);
          assertEquals(await reasonOf(response[read]()), REASON, read);
        }
      });
    }

    // Fetch §2.2.6: the stream failed when the signal was aborted, so that reading it fails without a wait.
    for (const length of [4, 10]) {
      it(`rejects in the call, each time, with 4 bytes of ${length}`, async () => {
        for (const read of READERS) {
          const { pool } = answering(`${OK}content-length: ${length}\r\n\r\nsome`, lazy);
          const controller = new AbortController();
          const response = await pool.fetch(URL, { signal: controller.signal });
          controller.abort(REASON);
          const order: unknown[] = [];
          const failed = [1, 2].map(() => response[read]().catch((error: unknown) => order.push(error)));
          await Promise.all([...failed, Promise.resolve().then(() => order.push("next"))]);
          assertEquals(order, [REASON, REASON, "next"], read);
        }
      });
    }

    it("leaves an empty body empty", async () => {
      const { pool } = answering(`${OK}content-length: 0\r\n\r\n`, lazy);
      const controller = new AbortController();
      const response = await pool.fetch(URL, { signal: controller.signal });
      controller.abort(REASON);
      assertEquals(await response.text(), "");
    });
  });
}

describe("an abort before the first read", () => {
  for (const api of ["request", "fetch"] as const) {
    for (const taken of ["before", "after"] as const) {
      it(`ends a reader of ${api}() that was taken ${taken} it`, async () => {
        const { pool } = answering(`${OK}content-length: 10\r\n\r\nsome`, false);
        const controller = new AbortController();
        const { body } = await pool[api](URL, { signal: controller.signal });
        if (taken === "after") controller.abort(REASON);
        const reader = body?.getReader();
        if (taken === "before") controller.abort(REASON);
        let closed: unknown;
        reader?.closed.catch((error) => {
          closed = error;
        });
        await settled();
        assertEquals(closed, REASON);
        assertEquals(await reasonOf(reader?.read() ?? Promise.resolve()), REASON);
      });
    }
  }

  it("is different from a lost connection, which leaves the bytes that had arrived", async () => {
    const { pool, transport } = answering(`${OK}content-length: 10\r\n\r\nsome`, false);
    const reader = (await pool.request(URL)).body.getReader();
    transport.peers[0]?.reset();
    await settled();
    assertEquals((await reader.read()).value?.length, 4);
    await assertRejects(() => reader.read());
  });
});
