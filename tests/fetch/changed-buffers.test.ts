/**
 * Buffers that their owner transfers, shrinks or grows while they are sent. The announced length is remembered, so no
 * connection is reused while a part of a body is outstanding. Runs on real sockets.
 */

import type { AddressInfo } from "node:net";
import { createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, HoldfastError, type Pool, type PoolEvent } from "../../mod.ts";
import { retired, scripted, serving, settled } from "./support.ts";

/** More than the kernel buffers of both sides can take. */
const LARGE = 12_000_000;

const ANSWER = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly";

interface Buffers {
  /** Bytes of a given length, and what their owner does with the buffer. */
  make(length: number): { readonly bytes: Uint8Array; change(): void };
}

function resizable(length: number, most: number): { bytes: Uint8Array; buffer: ArrayBuffer } {
  const buffer = new ArrayBuffer(length, { maxByteLength: most });
  return { buffer, bytes: new Uint8Array(buffer).fill(120) };
}

const GONE: Record<string, Buffers["make"]> = {
  transferred: (length) => {
    const bytes = new Uint8Array(length).fill(120);
    return { bytes, change: () => structuredClone(bytes.buffer, { transfer: [bytes.buffer] }) };
  },
  "shrunk to nothing": (length) => {
    const { bytes, buffer } = resizable(length, length);
    return { bytes, change: () => buffer.resize(0) };
  },
  "shrunk by a byte": (length) => {
    const { bytes, buffer } = resizable(length, length);
    return { bytes, change: () => buffer.resize(length - 1) };
  },
};

const GROWN: Buffers["make"] = (length) => {
  const { bytes, buffer } = resizable(length, length * 2);
  return { bytes, change: () => buffer.resize(length * 2) };
};

interface Peer extends AsyncDisposable {
  readonly url: string;
  /** The heads that arrived, by connection. */
  readonly heads: string[][];
  /** The bytes that arrived, by connection. */
  readonly received: number[];
  /** The next connection, once its first bytes have arrived. It is paused then, until the test resumes it. */
  begun(): Promise<Socket>;
}

/** A server that reads the first bytes of a connection, and the rest when the test says so. */
async function peer(): Promise<Peer> {
  let tell = (_: Socket): void => {};
  const heads: string[][] = [];
  const received: number[] = [];
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    const id = sockets.push(socket) - 1;
    heads[id] = [];
    received[id] = 0;
    socket.on("error", () => {});
    socket.on("data", (bytes) => {
      const text = bytes.toString("latin1");
      const found = text.match(/(?:PUT|POST|GET) \S+ HTTP/g) ?? [];
      heads[id]?.push(...found);
      received[id] = (received[id] ?? 0) + bytes.length;
      if (text.startsWith("GET ")) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nget");
      else if (received[id] === bytes.length) {
        socket.pause();
        tell(socket);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    heads,
    received,
    begun: () =>
      new Promise((resolve) => {
        tell = resolve;
      }),
    [Symbol.asyncDispose]: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Waits until the client has written as much as it can for now. */
async function stuck(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await settled();
}

function resultOf(sending: ReturnType<Pool["request"]>): Promise<string> {
  return sending.then(
    async (response) => `${response.status} ${await response.text()}`,
    (error) => (error instanceof HoldfastError ? error.code : String(error)),
  );
}

describe("a buffer that is", () => {
  for (const [how, make] of Object.entries(GONE)) {
    for (const early of [false, true]) {
      it(`${how} while it is sent ends its connection${early ? ", though a response came before" : ""}`, async () => {
        await using server = await peer();
        const events: PoolEvent[] = [];
        await using pool = createPool({ onEvent: (event) => events.push(event) });
        const begun = server.begun();
        const { bytes, change } = make(LARGE);
        const sending = resultOf(pool.request(server.url, { method: "PUT", body: bytes }));
        const socket = await begun;
        await stuck();
        change();
        if (early) socket.write(ANSWER);
        socket.resume();
        const result = await sending;
        assert(result === "ERR_REQUEST_BODY" || (early && result === "200 early"), result);
        assertEquals(await resultOf(pool.request(server.url)), "200 get");
        assertEquals(server.heads[0], ["PUT / HTTP"], "nothing follows on the first connection");
        assertEquals(server.heads[1], ["GET / HTTP"]);
        assertEquals(retired(events).length, 1);
      });
    }

    it(`${how} while its request is in the queue sends nothing of it`, async () => {
      for (const length of [1000, 100_000]) {
        let answer = (): void => {};
        await using at = scripted(
          (peer) => {
            answer = () => peer.send(ANSWER);
          },
          { maxConnections: 1 },
        );
        const first = at.pool.request("http://a.test/");
        const { bytes, change } = make(length);
        const sending = resultOf(at.pool.request("http://a.test/", { method: "POST", body: bytes }));
        await settled();
        change();
        answer();
        await (await first).text();
        assertEquals(await sending, "ERR_REQUEST_BODY");
        assertEquals(at.transport.peers[0]?.receivedText.includes("x"), false);
        assertEquals(at.pool.stats().idle, 0);
      }
    });

    it(`${how} while its last piece is unsent ends its connection, though the response is complete`, async () => {
      await using at = scripted((peer) => peer.stopReading(), {}, { window: 1000 });
      const { bytes, change } = make(70_000);
      const sending = resultOf(at.pool.request("http://a.test/", { method: "POST", body: bytes }));
      await settled();
      at.transport.peers[0]?.send(ANSWER);
      assertEquals(await sending, "200 early");
      assertEquals(at.pool.stats().idle, 0, "bytes of the caller are still on their way");
      change();
      at.transport.peers[0]?.startReading();
      await settled();
      assertEquals([at.pool.stats().idle, retired(at.events)], [0, ["upload-unfinished"]]);
    });
  }

  it("transferred while it is sent in a chunk arrives whole, or ends its connection", async () => {
    await using server = await peer();
    await using pool = createPool();
    const begun = server.begun();
    const { bytes, change } = GONE.transferred?.(LARGE) ?? GROWN(0);
    const body = (async function* () {
      yield bytes;
    })();
    const sending = resultOf(pool.request(server.url, { method: "POST", body }));
    const socket = await begun;
    await stuck();
    change();
    socket.write(ANSWER);
    socket.resume();
    const result = await sending;
    assert(["ERR_REQUEST_BODY", "ERR_CONNECTION_LOST", "200 early"].includes(result), result);
    assertEquals(await resultOf(pool.request(server.url)), "200 get");
    const whole = (server.received[0] ?? 0) > LARGE;
    assertEquals(
      server.heads[0],
      whole && server.heads.length === 1 ? ["POST / HTTP", "GET / HTTP"] : ["POST / HTTP"],
    );
  });

  it("grown while it is sent is sent as long as it was", async () => {
    const { bytes, change } = GROWN(LARGE);
    await using server = await peer();
    await using pool = createPool();
    const begun = server.begun();
    // The buffer itself is given, because a view without a length follows the length of its buffer.
    const sending = resultOf(pool.request(server.url, { method: "PUT", body: bytes.buffer as ArrayBuffer }));
    const socket = await begun;
    await stuck();
    change();
    socket.on("data", () => {
      if ((server.received[0] ?? 0) >= LARGE) socket.write(ANSWER);
    });
    socket.resume();
    assertEquals(await sending, "200 early");
  });
});

describe("shared memory as a body", () => {
  it("is sent as fetch() found it in the call", async () => {
    for (const form of ["the buffer", "a view", "a DataView"]) {
      await using at = serving();
      const shared = new Uint8Array(new SharedArrayBuffer(5)).fill(120);
      const view = form === "a view" ? shared.subarray(1, 4) : new DataView(shared.buffer, 1, 3);
      const body = (form === "the buffer" ? shared.buffer : view) as unknown as BodyInit;
      const sent = at.pool.fetch("http://a.test/", { method: "POST", body });
      shared.fill(121);
      assertEquals((await sent).status, 200);
      assertEquals([form, at.requests[0]?.text()], [form, form === "the buffer" ? "xxxxx" : "xxx"]);
    }
  });
});
