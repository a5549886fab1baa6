/** `setGlobalDispatcher()`: the `fetch` and the `WebSocket` of Node, through a pool and without the package undici. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { createPool } from "../../mod.ts";
import { dispatcher, setGlobalDispatcher } from "../../src/dispatcher/mod.ts";
import { PATIENT } from "../support/patience.ts";
import { has } from "../support/serve.ts";
import { BIG, copies, open, thrown } from "./support.ts";

const elsewhere = has.deno || has.bun;
const peer = await open();
const pool = createPool();
after(async () => {
  peer.close();
  await pool.close({ timeout: 0 });
});

/** Runs with the pool's dispatcher as the default of Node's own `fetch`. */
async function through(run: () => Promise<void>, front = dispatcher(pool)): Promise<void> {
  const restore = setGlobalDispatcher(front);
  try {
    await run();
  } finally {
    restore();
  }
}

describe("setGlobalDispatcher()", { skip: elsewhere }, () => {
  it("sends Node's own fetch through the pool: bodies, redirects, codings, streams", PATIENT, async () => {
    const before = pool.stats().requests;
    await through(async () => {
      const form = new FormData();
      form.append("name", "value");
      for (const body of ["text", new Blob(["blob"]), form, new URLSearchParams({ a: "b" })]) {
        const response = await fetch(`${peer.url}/echo`, { method: "POST", body });
        const echo = (await response.json()) as { body: string; headers: Record<string, string> };
        assertEquals([echo.body.length > 0, "content-length" in echo.headers], [true, true]);
      }
      const moved = await fetch(`${peer.url}/moved`);
      assertEquals([moved.redirected, moved.headers.get("x-twice")], [true, "1, 2"]);
      await moved.text();
      assertEquals(await (await fetch(`${peer.url}/gzip`)).text(), "hello");
      assertEquals((await (await fetch(`${peer.url}/big`)).arrayBuffer()).byteLength, BIG);
    });
    assertEquals(pool.stats().requests - before, 8);
    assertEquals(pool.stats().active, 0);
  });

  it("fails and aborts as Node's own fetch does, with the pool's error at the bottom", PATIENT, async () => {
    await through(async () => {
      const cut = await thrown(fetch(`${peer.url}/cut`).then((response) => response.text()));
      assertInstanceOf(cut, TypeError);
      const { code, cause } = cut.cause as Error & { code: string };
      assertEquals([code, (cause as { code?: string }).code], ["UND_ERR_SOCKET", "ERR_CONNECTION_LOST"]);
      const reason = new Error("on purpose");
      assertEquals(await thrown(fetch(`${peer.url}/never`, { signal: AbortSignal.abort(reason) })), reason);
      const controller = new AbortController();
      const waiting = thrown(fetch(`${peer.url}/never`, { signal: controller.signal }));
      setImmediate(() => controller.abort(reason));
      assertEquals(await waiting, reason);
    });
  });

  it("lets Node's own fetch speak HTTP/2, but where a call says allowH2: false", PATIENT, async () => {
    const pem = (name: string) => readFileSync(new URL(`../certs/${name}`, import.meta.url));
    const keys = { key: pem("server.key"), cert: pem("server.pem"), allowHTTP1: true };
    const server = createSecureServer(keys, (request, response) => void response.end(request.httpVersion));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await using secure = createPool({ tls: { rejectUnauthorized: false } });
    await through(
      async () => assertEquals(await (await fetch(`${origin}/`)).text(), "2.0"),
      dispatcher(secure),
    );
    const version = new Promise((resolve) =>
      dispatcher(secure).dispatch(
        { origin, path: "/", method: "GET", allowH2: false },
        { onConnect() {}, onData: (chunk) => resolve(String(chunk)), onError: resolve },
      ),
    );
    assertEquals(await version, "1.1");
    await secure.close({ timeout: 0 });
    server.close();
  });

  it("is what undici's own setGlobalDispatcher() does for Node's fetch, in every copy", PATIENT, async () => {
    for (const { Dispatcher, setGlobalDispatcher: set } of Object.values(await copies())) {
      const before = pool.stats().requests;
      await through(async () => {
        set(dispatcher(pool, Dispatcher));
        const response = await fetch(`${peer.url}/moved`);
        assertEquals([response.headers.get("x-twice"), response.redirected], ["1, 2", true]);
        await response.text();
      });
      assertEquals(pool.stats().requests - before, 2);
    }
  });

  it("puts back what was there before", PATIENT, async () => {
    const before = pool.stats().requests;
    await through(async () => {});
    await (await fetch(`${peer.url}/echo`)).text();
    assertEquals(pool.stats().requests, before);
    assertThrows(() => setGlobalDispatcher({} as never), TypeError, "dispatcher(pool)");
  });

  it("carries Node's own WebSocket", { ...PATIENT, skip: !("WebSocket" in globalThis) }, async () => {
    const server = createServer().on("upgrade", (request, socket) => {
      const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
      const accept = createHash("sha1").update(key).digest("base64");
      const head = `HTTP/1.1 101 S\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`;
      socket.write(Buffer.concat([Buffer.from(`${head}\r\n`), Buffer.from([0x81, 2, 0x68, 0x69])]));
      socket.on("error", () => {}).once("data", () => socket.end(Buffer.from([0x88, 0])));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await through(async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const heard = await new Promise((resolve, reject) => {
        socket.addEventListener("message", ({ data }) => resolve(data));
        socket.addEventListener("error", reject);
      });
      assertEquals(heard, "hi");
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.send("bye");
      await closed;
    });
    server.close();
  });
});
