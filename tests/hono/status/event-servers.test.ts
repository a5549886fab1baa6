/** The status page's events on real servers: they are sent at once, and a browser that leaves is noticed. */

import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertMatch } from "@std/assert";
import { Hono } from "hono";
import { poolStatus } from "../../../src/hono/status/pool-status.ts";
import { eventually, PATIENT } from "../../support/patience.ts";
import { service } from "../../support/service.ts";
import { SERVERS } from "../support/servers.ts";

/** A connection that has requested the events. */
interface Watcher {
  readonly socket: Socket;
  /** Resolves with all that was received, once it matches `enough`. */
  until(enough: RegExp): Promise<string>;
}

function watch(port: number): Watcher {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  socket.setEncoding("utf8");
  socket.on("error", () => {}); // followed by "close"
  socket.on("data", (data) => {
    text += String(data);
  });
  socket.write("GET /_pool/events HTTP/1.1\r\nHost: a\r\n\r\n");
  const until = async (enough: RegExp): Promise<string> => {
    await eventually(() => {
      assert(enough.test(text) || !socket.closed, `The connection ended after ${text}`);
      return enough.test(text);
    }, String(enough));
    return text;
  };
  return { socket, until };
}

for (const { name, serve } of SERVERS) {
  describe(`the status page's events under ${name}`, () => {
    it("are sent at once, and follow what happens", PATIENT, async () => {
      const { pool, get } = service();
      const server = await serve(new Hono().route("/_pool", poolStatus(pool)));
      await get();
      const { socket, until } = watch(server.port);
      await until(/event: snapshot\n.*\n\n/);
      await get("http://b.test");
      const text = await until(/event: update\n/);
      assertMatch(text, /^HTTP\/1\.1 200 OK\r\n/);
      assertMatch(text, /content-type: text\/event-stream/i);
      assertMatch(text, /event: snapshot\ndata: \{.*\}\n\n[^e]*event: update\n/);
      socket.destroy();
      await server.close();
    });

    it("make room when a browser leaves", PATIENT, async () => {
      const { pool, get } = service();
      const server = await serve(new Hono().route("/_pool", poolStatus(pool, { maxViewers: 1 })));
      const first = watch(server.port);
      await first.until(/event: snapshot/);
      const second = watch(server.port);
      const refused = await second.until(/many pages/);
      assert(refused.startsWith("HTTP/1.1 503"), refused);
      second.socket.destroy();
      first.socket.destroy();
      // Bun's node:http may notice only when it fails to send a message, which happens every few seconds.
      await eventually(async () => {
        await get();
        const { socket, until } = watch(server.port);
        const text = await until(/event: snapshot|many pages/);
        socket.destroy();
        return text.startsWith("HTTP/1.1 200");
      }, "a free place after the page left");
      await server.close();
    });
  });
}
