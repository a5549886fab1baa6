/** Aborts of a response that is still unread: its body then fails with the reason, even for bytes that had arrived. */

import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals, assertRejects } from "@std/assert";
import { zlibDecoder } from "../../transports/decoders.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";
import { utf8 } from "./support.ts";

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

describe("an abort of a coded body", () => {
  /** More than is decoded before somebody reads. */
  const bytes = gzipSync(new Uint8Array(600_000).fill(97));
  const head = `${OK}content-encoding: gzip\r\ncontent-length: ${bytes.length}\r\n\r\n`;

  /** Sends all of it, in one piece with its head or behind it, or all but the last ten bytes. */
  const SENDERS: Readonly<Record<string, (peer: MemoryPeer) => void>> = {
    "that came with its head": (peer) => peer.send(Uint8Array.from([...utf8(head), ...bytes])),
    "that came behind its head": (peer) => {
      peer.send(head);
      peer.send(bytes);
    },
    "of which a part is missing": (peer) =>
      peer.send(Uint8Array.from([...utf8(head), ...bytes.slice(0, -10)])),
  };

  async function answered(send: (peer: MemoryPeer) => void) {
    const accept = (peer: MemoryPeer) => peer.onData(() => send(peer));
    const { pool } = service({}, undefined, { respond: undefined, accept }, { decoder: zlibDecoder });
    const controller = new AbortController();
    const response = await pool.fetch(URL, { signal: controller.signal });
    await settled();
    return { controller, response };
  }

  for (const [what, send] of Object.entries(SENDERS)) {
    it(`${what} makes it fail with the reason in every form`, async () => {
      for (const read of READERS) {
        const { controller, response } = await answered(send);
        controller.abort(REASON);
        assertEquals(await reasonOf(response[read]()), REASON, read);
      }
    });

    it(`${what} ends a reader that has read a piece, and one that waits`, async () => {
      const { controller, response } = await answered(send);
      const reader = response.body?.getReader();
      assertEquals((await reader?.read())?.value?.length, 65_536);
      controller.abort(REASON);
      assertEquals(await reasonOf(reader?.read() ?? Promise.resolve()), REASON);
      const other = await answered(send);
      const waiting = other.response.body?.getReader().read() ?? Promise.resolve();
      other.controller.abort(REASON);
      assertEquals(await reasonOf(waiting), REASON);
    });
  }

  it("leaves what was read", async () => {
    const { controller, response } = await answered((peer) => {
      peer.send(head);
      peer.send(bytes);
    });
    const text = await response.text();
    controller.abort(REASON);
    assertEquals(text.length, 600_000);
  });
});
