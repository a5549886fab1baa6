/** `shutdown()` of a server that is behind with its reading: what clients had sent is answered nevertheless. */

import { describe, it } from "node:test";
import { Worker } from "node:worker_threads";
import { assertEquals, assertNotEquals } from "@std/assert";
import { Hono } from "hono";
import { systemClock } from "../../../src/contract/clock.ts";
import { keepAlive, shutdown } from "../../../src/hono/mod.ts";
import { eventually, guarded, PATIENCE_MS, PATIENT } from "../../support/patience.ts";
import { has } from "../../support/serve.ts";
import { signal } from "../support/origin.ts";
import { RawClient } from "../support/raw-client.ts";
import { SERVERS } from "../support/stoppable-servers.ts";

const CLIENTS = 8;

/** Connects and sends on a thread of its own, while the server's thread stands still. Then tells what each connection got. */
const CLIENT_PROGRAM = `
const { parentPort, workerData } = require("node:worker_threads");
const { connect } = require("node:net");
parentPort.postMessage("ready");
parentPort.once("message", () => {
  const answers = [];
  let sent = 0;
  for (let i = 0; i < ${CLIENTS}; i++) {
    const socket = connect(workerData.port, "127.0.0.1");
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (piece) => {
      text += piece;
      if (text.endsWith("quick")) socket.end();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      answers.push(text.split("\\r\\n")[0]);
      if (answers.length === ${CLIENTS}) parentPort.postMessage(answers);
    });
    socket.write("GET / HTTP/1.1\\r\\nHost: a.test\\r\\n\\r\\n", () => {
      sent += 1;
      if (sent < ${CLIENTS}) return;
      Atomics.store(workerData.sent, 0, 1);
      Atomics.notify(workerData.sent, 0);
    });
  }
});
`;

function quickApp(): Hono {
  const app = new Hono();
  app.use(keepAlive({ idleTimeout: "60s" }));
  app.get("/", (c) => c.text("quick"));
  return app;
}

for (const [name, serve] of Object.entries(SERVERS)) {
  describe(`shutdown() of a busy ${name}`, () => {
    it("answers first requests that were sent before it began, and not read yet", PATIENT, async () => {
      const { server, port } = await serve(quickApp().fetch);
      const sent = new Int32Array(new SharedArrayBuffer(4));
      const clients = new Worker(CLIENT_PROGRAM, { eval: true, workerData: { port, sent } });
      await new Promise((resolve) => clients.once("message", resolve));
      const answers = new Promise((resolve) => clients.once("message", resolve));
      clients.postMessage("go");
      // "not-equal": all was sent before the wait began.
      assertNotEquals(Atomics.wait(sent, 0, 0, PATIENCE_MS), "timed-out");
      const { cut } = await shutdown(server, { timeout: "60s" });
      assertEquals(
        await guarded(answers, "all connections have ended"),
        Array(CLIENTS).fill("HTTP/1.1 200 OK"),
      );
      assertEquals(cut, 0);
      await clients.terminate();
    });
  });
}

for (const [name, serve] of Object.entries(has.bun ? SERVERS : {})) {
  describe(`shutdown() of ${name} on Bun`, () => {
    it(
      "stops only when new connections have had a moment for their first request, which would be reset then",
      PATIENT,
      async () => {
        const { server, port } = await serve(quickApp().fetch);
        const fresh = await RawClient.open(port);
        const [waits, go] = [signal(), signal()];
        let waited = 0;
        const clock = {
          ...systemClock,
          schedule(ms: number, callback: () => void) {
            waited += 1;
            if (waited > 1) return systemClock.schedule(ms, callback);
            waits.give();
            void go.given.then(callback);
            return { cancel() {} };
          },
        };
        const stopping = shutdown(server, { timeout: "60s", clock });
        await waits.given;
        fresh.get("/");
        assertEquals((await fresh.response()).status, 200);
        go.give();
        assertEquals((await stopping).cut, 0);
        await eventually(() => fresh.closed, "the connection has ended");
      },
    );
  });
}

/** Bun 1.4 does not know a connection before its first byte: see above. */
const skip = has.bun ? "Bun resets connections that have never sent a byte" : false;

describe("shutdown() of @hono/node-server", { skip }, () => {
  it("waits a moment for the first request of a new connection", PATIENT, async () => {
    const { server, port } = await SERVERS["@hono/node-server"]!(quickApp().fetch);
    const first = await RawClient.open(port);
    first.get("/");
    await first.response();
    const [fresh, silent] = [await RawClient.open(port), await RawClient.open(port)];
    const [looked, go] = [signal(), signal()];
    const clock = {
      ...systemClock,
      schedule(_ms: number, callback: () => void) {
        looked.give();
        void go.given.then(callback);
        return { cancel() {} };
      },
    };
    const stopping = shutdown(server, { timeout: "60s", clock });
    await looked.given;
    assertEquals(silent.closed, false);
    fresh.get("/");
    assertEquals((await fresh.response()).headers.get("connection"), "close");
    go.give();
    await eventually(() => silent.closed, "the silent connection has ended");
    assertEquals((await stopping).cut, 0);
  });
});
