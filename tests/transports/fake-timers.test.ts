/**
 * Fake timers: programs under test put timers of their own in place of the globals, which nobody moves while a request is under
 * way (`vi.useFakeTimers()`, `jest.useFakeTimers()`, `mock.timers` of node:test). Requests must be sent all the same.
 */

import { it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { guarded, PATIENT } from "../support/patience.ts";
import { patient, Recorder, target, tcpServer, transport } from "./support.ts";

const isDeno = "Deno" in globalThis;

/** On Deno only what its own FakeTime replaces. It takes 3 ms there to read `setTimeout` in advance, and 10 for `setImmediate`. */
const names = ["setTimeout", "setInterval", ...(isDeno ? [] : ["setImmediate"])];
type Globals = Record<string, unknown>;

/** Stops all timers and the clock, and lets them go on when disposed. */
function fakeTimers(): Disposable {
  const globals = globalThis as unknown as Globals;
  const before = names.map((name) => [name, globals[name]] as const);
  for (const name of names) globals[name] = () => ({ ref() {}, unref() {} });
  const ownNow = Object.getOwnPropertyDescriptor(performance, "now");
  const at = performance.now();
  performance.now = () => at;
  return {
    [Symbol.dispose]() {
      for (const [name, timer] of before) globals[name] = timer;
      Reflect.deleteProperty(performance, "now");
      if (ownNow !== undefined) Object.defineProperty(performance, "now", ownNow);
    },
  };
}

/** More than all decoders may decode in one turn. */
const LONG = "x".repeat(4 * 1024 * 1024);
const packed = gzipSync(LONG);
const HEAD = "HTTP/1.1 200 OK\r\ncontent-length: ";

it("requests are sent and answered while timers and the clock stand still", PATIENT, async () => {
  await using server = await tcpServer((peer) => {
    peer.on("data", (bytes) => {
      if (!String(bytes).startsWith("GET /long")) return void peer.write(`${HEAD}2\r\n\r\nok`);
      peer.write(`${HEAD}${packed.length}\r\ncontent-encoding: gzip\r\n\r\n`);
      peer.write(packed);
    });
  });
  const url = `http://127.0.0.1:${server.port}/`;
  const pool = createPool();
  const text = async (method: string): Promise<string> => (await pool.fetch(url, { method })).text();
  const all = async (): Promise<number> => {
    // Many at a time are written together, and a POST right behind a response waits for a turn of the loop.
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 50 }, () => text("GET")));
    for (let round = 0; round < 3; round++) assertEquals(await text("POST"), "ok");
    return (await (await pool.fetch(`${url}long`)).text()).length;
  };
  assertEquals(await text("GET"), "ok");
  const waiting = guarded(Promise.resolve().then(all), "requests beside fake timers");
  const fake = fakeTimers();
  try {
    assertEquals(await waiting, LONG.length);
  } finally {
    fake[Symbol.dispose]();
  }
  await pool.close();
});

const restsNowhere = transport.name === "bun" ? false : "only Bun's sockets rest while much arrives";

it("a socket that rests reads on", { ...PATIENT, skip: restsNowhere }, async () => {
  await using server = await tcpServer(() => {});
  const handler = new Recorder();
  const socket = await transport.connect(target(server.port), handler, patient);
  const peer = await server.first();
  const fake = fakeTimers();
  try {
    for (let read = 0; read < 2; read++) socket.gather?.(1);
    peer.write("x");
    await handler.until(() => handler.text === "x");
  } finally {
    fake[Symbol.dispose]();
  }
  socket.abort();
});
