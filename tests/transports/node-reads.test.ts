/** Reading on Node: small answers of one poll of the event loop are delivered after all of its reads. */

import type { Socket as NetSocket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { nodeTransport } from "../../transports/node.ts";
import { GatheredReads } from "../../transports/node-reads.ts";
import { type NodeSocket, reads } from "../../transports/node-socket.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { patient, Recorder, target, tcpServer } from "./support.ts";

const isNode = process.versions.bun === undefined && process.versions.deno === undefined;

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function round(): Promise<void> {
  for (let count = 0; count < 4; count++) await immediate();
}

/** As many as are kept together. */
const COUNT = 18;

interface Connection {
  readonly socket: Socket;
  readonly seen: Recorder;
  readonly peer: NetSocket;
}

/** Connections of which each has answered once in a turn in which all had asked. */
async function connections(count: number) {
  const peers: NetSocket[] = [];
  const server = await tcpServer((peer) => {
    peers.push(peer);
    peer.resume();
  });
  const list: Connection[] = [];
  const came: string[] = [];
  while (list.length < count) {
    const seen = new Recorder();
    const at = list.length;
    const data = seen.data.bind(seen);
    // How many sockets had been read when this answer came.
    seen.data = (bytes, length) => {
      came.push(`${at} behind ${list.filter(({ socket }) => bytesRead(socket) > 0).length}`);
      data(bytes, length);
    };
    const socket = await nodeTransport.connect(target(server.port), seen, patient);
    while (peers.length <= at) await immediate();
    list.push({ socket, seen, peer: peers[at] as NetSocket });
  }
  await round();
  const close = async (): Promise<void> => {
    for (const { socket } of list) socket.abort();
    await server[Symbol.asyncDispose]();
  };
  return { list, came, [Symbol.asyncDispose]: close };
}

const bytesRead = (socket: Socket): number => (socket.native as NetSocket).bytesRead;

/** All ask in one turn, so that many answers are expected. */
async function ask(list: readonly Connection[]): Promise<void> {
  for (const { socket } of list) socket.write("request");
  await round();
}

/** Answers that were read, and others that are read in the same poll. */
const ANSWERS = Array.from({ length: COUNT }, (_, at) => `${at} behind ${COUNT}`);

describe("small answers of one poll on Node", { skip: !isNode && "not Node" }, () => {
  it("are delivered after all of its reads", async () => {
    await using open = await connections(COUNT);
    await ask(open.list);
    for (const { peer } of open.list) peer.write("answer");
    await round();
    assertEquals(open.came.sort(), ANSWERS.sort());
    for (const { seen } of open.list) assertEquals(seen.text, "answer");
  });

  it("have the requests behind them written in the same turn, the first two at once", async () => {
    for (let isLong = true; isLong; ) {
      await using open = await connections(COUNT);
      await ask(open.list);
      const bytesWritten = (): number[] =>
        open.list.map(({ socket }) => (socket.native as NetSocket).bytesWritten);
      const before = bytesWritten();
      let [atOnce, polled]: number[][] = [[], []];
      let [firstAt, lastAt] = [0, 0];
      open.list.forEach(({ socket, seen, peer }, at) => {
        seen.data = () => {
          if (at === 0) firstAt = performance.now();
          socket.write("again");
          if (at === COUNT - 1) [atOnce, lastAt] = [bytesWritten(), performance.now()];
          if (at === 0) setImmediate(() => (polled = bytesWritten()));
        };
        peer.write("answer");
      });
      await round();
      const news = (after: number[] = []): number[] => after.map((bytes, at) => bytes - (before[at] ?? 0));
      assertEquals(news(polled), Array(COUNT).fill(5));
      // What has waited for 0.5 ms is written with the next request.
      isLong = lastAt - firstAt > 0.5;
      if (!isLong) assertEquals(news(atOnce), [5, 5, ...Array(COUNT - 2).fill(0)]);
    }
  });

  it("come before the end of their connection, on which no other request is sent meanwhile", async () => {
    await using open = await connections(COUNT);
    await ask(open.list);
    for (const [at, event] of ["end", "close", "error"].entries()) {
      const { socket, seen } = open.list[at] as Connection;
      new TextEncoder().encodeInto("answer", reads.buffer);
      // biome-ignore lint/complexity/useLiteralKeys: it is private.
      reads.read((socket as NodeSocket)["receiveQueue"], 6, false);
      assertEquals([seen.text, socket.lost], ["", true]);
      (socket.native as NetSocket).emit(event, new Error("reset"));
      assertEquals([seen.text, seen.ends.length], ["answer", 1]);
    }
  });

  it("come at once where nobody waits for them", async () => {
    await using open = await connections(COUNT);
    await ask(open.list);
    for (const { socket } of open.list) socket.ref(false);
    for (const { peer } of open.list) peer.write("surplus");
    await round();
    assertEquals(
      open.came.map((text) => text.split(" ").at(-1)),
      Array.from({ length: COUNT }, (_, at) => `${at + 1}`),
    );
  });
});

/** Reads of sockets that do not exist. So many have written in the turn before. */
function gathered(lastWrites = 16) {
  const reads = new GatheredReads((length) => new Uint8Array(length), {
    lastWrites,
    endSoon() {},
  });
  const open = (handler = new Recorder()) => {
    const queue = new ReceiveQueue(handler);
    queue.open();
    return { queue, handler };
  };
  const read = (queue: ReceiveQueue, text: string, more = false): void => {
    new TextEncoder().encodeInto(text, reads.buffer);
    reads.read(queue, text.length, more);
  };
  return { reads, open, read };
}

describe("bytes that a socket has read", () => {
  it("are kept for a moment if they are the first behind a request, and small", async () => {
    const { open, read } = gathered();
    const [a, b, c, d] = [open(), open(), open(), open()];
    await Promise.resolve();
    for (const { queue } of [a, b, c]) queue.asked();
    for (const { queue } of [a, d]) read(queue, "one");
    read(b.queue, "x".repeat(2049));
    read(c.queue, "one", true);
    assertEquals(
      [a, b, c, d].map(({ handler }) => handler.length),
      [0, 2049, 3, 3],
    );
    await round();
    assertEquals(a.handler.text, "one");
  });

  it("are delivered at once where few have written", async () => {
    const { open, read } = gathered(15);
    const { queue, handler } = open();
    await Promise.resolve();
    queue.asked();
    read(queue, "one");
    assertEquals(handler.text, "one");
  });

  it("are delivered in order, however they come", async () => {
    const { open, read } = gathered();
    const { queue, handler } = open();
    await Promise.resolve();
    queue.asked();
    read(queue, "one, ");
    queue.asked();
    assertEquals(handler.text, "");
    read(queue, "two, ");
    assertEquals(handler.text, "one, two, ");
    read(queue, "three");
    assertEquals(handler.text, "one, two, three");
  });

  it("are delivered before more is kept than there is room for", async () => {
    const { open, read } = gathered();
    const list = Array.from({ length: 65 }, () => open());
    await Promise.resolve();
    for (const { queue } of list) queue.asked();
    list.forEach(({ queue }, at) => void read(queue, `${at}.`));
    assertEquals(list.filter(({ handler }) => handler.length > 0).length, 64);
    await round();
    list.forEach(({ handler }, at) => void assertEquals(handler.text, `${at}.`));
  });

  it("are delivered after one whose handler throws", async () => {
    class Faulty extends Recorder {
      override data(): void {
        throw new Error("faulty");
      }
    }
    const { reads, open, read } = gathered();
    const [faulty, other] = [open(new Faulty()), open()];
    await Promise.resolve();
    for (const { queue } of [faulty, other]) {
      queue.asked();
      read(queue, "one");
    }
    assertThrows(() => reads.deliver(), Error, "faulty");
    await round();
    assertEquals(other.handler.text, "one");
  });
});
