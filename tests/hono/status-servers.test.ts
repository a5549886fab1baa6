/** The status page's events on real servers: they reach the wire at once, and a browser that leaves is noticed. */

import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { poolStatus } from "../../src/hono/status.ts";
import { service } from "../support/service.ts";
import { SERVERS } from "./support/servers.ts";

/** Bun's node:http may need a message that fails to notice; these come every few seconds. */
const PATIENCE_MS = 30_000;

/** Asks for the events, and reads until `enough` is there. */
function watch(port: number, enough: RegExp): Promise<{ socket: Socket; text: string }> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`It ended after ${text}`)));
    socket.on("data", (data) => {
      text += String(data);
      if (enough.test(text)) resolve({ socket, text });
    });
    socket.write("GET /_pool/events HTTP/1.1\r\nHost: a\r\n\r\n");
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

for (const { name, serve } of SERVERS) {
  describe(`the status page's events under ${name}`, () => {
    it("reach the wire at once, and follow what happens", async () => {
      const { pool, get } = service();
      const server = await serve(new Hono().route("/_pool", poolStatus(pool)));
      await get();
      const seen = watch(server.port, /event: update/);
      await pause(200);
      await get("http://b.test");
      const { socket, text } = await seen;
      assertMatch(text, /^HTTP\/1\.1 200 OK\r\n/);
      assertMatch(text, /content-type: text\/event-stream/i);
      assertMatch(text, /event: snapshot\ndata: \{.*\}\n\n[^e]*event: update\n/);
      socket.destroy();
      await server.close();
    });

    it("make room when a browser leaves", async () => {
      const { pool, get } = service();
      const server = await serve(new Hono().route("/_pool", poolStatus(pool, { maxViewers: 1 })));
      const first = await watch(server.port, /event: snapshot/);
      const { text: refused, socket: second } = await watch(server.port, /many pages/);
      assert(refused.startsWith("HTTP/1.1 503"), refused);
      second.destroy();
      first.socket.destroy();
      const until = Date.now() + PATIENCE_MS;
      for (;;) {
        await get();
        const { socket, text } = await watch(server.port, /event: snapshot|many pages/);
        socket.destroy();
        if (text.startsWith("HTTP/1.1 200")) break;
        assert(Date.now() < until, "the place of the page that left is not free");
        await pause(100);
      }
      await server.close();
    });
  });
}
