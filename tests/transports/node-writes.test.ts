/** Writing on Node: small requests of a busy turn of the event loop are written together at its end. */

import type { Socket as NetSocket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { nodeTransport } from "../../transports/node.ts";
import { isNode, Owner, patient, Recorder, target, tcpServer } from "./support.ts";

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits for the end of a turn, even of a long one. */
async function round(): Promise<void> {
  for (let count = 0; count < 4; count++) await immediate();
}

/** Blocks for longer than a turn should last. */
function work(ms = 5): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

/** Whether a turn was so long that what it did proves nothing, as happens on a busy machine. */
function clock(mostMs = 0.9): () => boolean {
  const beganAt = performance.now();
  return () => performance.now() - beganAt > mostMs;
}

interface Connection {
  readonly socket: Socket;
  readonly handler: Recorder;
  readonly peer: NetSocket;
  /** What was given to the kernel so far. */
  written(): number;
}

/** Connections to a server that keeps what it gets. */
async function connections(count: number, handlerOf: () => Recorder = () => new Owner()) {
  const peers: NetSocket[] = [];
  const arrived: string[] = [];
  const server = await tcpServer((peer) => {
    peers.push(peer);
    peer.on("data", (bytes) => void arrived.push(String(bytes)));
  });
  const list: Connection[] = [];
  while (list.length < count) {
    const handler = handlerOf();
    const socket = await nodeTransport.connect(target(server.port), handler, patient);
    while (peers.length <= list.length) await immediate();
    const peer = peers[list.length] as NetSocket;
    list.push({ socket, handler, peer, written: () => (socket.native as NetSocket).bytesWritten });
  }
  await round();
  const until = async (text: string): Promise<void> => {
    while (!arrived.join("").includes(text)) await immediate();
  };
  const close = async (): Promise<void> => {
    for (const { socket } of list) socket.abort();
    await server[Symbol.asyncDispose]();
  };
  return { list, arrived, until, [Symbol.asyncDispose]: close };
}

/** Writes to all. Returns what was written by the end of that, and how many waited after `some`. */
async function busyTurn(list: readonly Connection[], some: number) {
  const bytes = (): number[] => list.map(({ written }) => written());
  for (;;) {
    await round();
    const before = bytes();
    const isLong = clock(0.45);
    for (const { socket } of list.slice(0, some)) socket.write("request");
    const waiting = bytes().filter((count, at) => count === before[at]).length;
    for (const { socket } of list.slice(some)) socket.write("request");
    const written = bytes().map((count, at) => count - (before[at] ?? 0));
    if (!isLong()) return { waiting, written };
  }
}

describe("small requests of one turn of the event loop on Node", { skip: !isNode && "not Node" }, () => {
  it("are written at its end, but for the first two", async () => {
    await using open = await connections(4);
    const { written } = await busyTurn(open.list, 4);
    assertEquals(written, [7, 7, 0, 0]);
    assertEquals(open.list[2]?.socket.allWritten, false);
    await round();
    assertEquals(new Set(open.list.map((one) => one.written())).size, 1);
    assertEquals(open.list[2]?.socket.allWritten, true);
  });

  it("are written at once where each has a turn of its own, however shortly they follow each other", async () => {
    await using open = await connections(20);
    for (const { socket, written } of open.list) {
      socket.write("request");
      assertEquals(written(), 7);
      await immediate();
    }
  });

  it("are written as soon as 32 wait", async () => {
    await using open = await connections(36);
    const { waiting, written } = await busyTurn(open.list, 33);
    assertEquals(waiting, 34);
    assertEquals(written, [...Array<number>(34).fill(7), 0, 0]);
    await round();
    assertEquals(new Set(open.list.map((one) => one.written())).size, 1);
  });

  it("wait no longer than 0.5 ms for the next one in a turn that goes on", async () => {
    for (let isLong = true; isLong; ) {
      await using open = await connections(5);
      const lasts = clock();
      for (const { socket } of open.list.slice(0, 4)) socket.write("request");
      const before = open.list.map(({ written }) => written());
      work(0.6);
      open.list[4]?.socket.write("request");
      const after = open.list.map(({ written }) => written());
      isLong = lasts();
      if (!isLong) assertEquals([before, after], [[7, 7, 0, 0, 0], Array(5).fill(7)]);
    }
  });

  it("come before what follows on their connection", async () => {
    await using open = await connections(3);
    const [first, second, third] = open.list;
    first?.socket.write("1");
    second?.socket.write("2");
    third?.socket.write("head, ");
    third?.socket.write("head of a body, ", new TextEncoder().encode("body"));
    third?.socket.endWrites?.();
    await open.until("body");
    assertEquals(open.arrived.join("").replace(/\d/g, ""), "head, head of a body, body");
  });

  it("are sent although their socket is closed in the same turn, and are not if it is aborted", async () => {
    for (let isLong = true; isLong; ) {
      await using open = await connections(4);
      const [first, second, closed, aborted] = open.list;
      const lasts = clock();
      first?.socket.write("first");
      second?.socket.write("second");
      closed?.socket.write("closed");
      aborted?.socket.write("aborted");
      isLong = lasts();
      closed?.socket.close();
      aborted?.socket.abort();
      await open.until("closed");
      await round();
      if (!isLong) assertEquals(aborted?.written(), 0);
    }
  });
});

describe("a request that waits for the end of a turn on Node", { skip: !isNode && "not Node" }, () => {
  /** Has a request wait behind a long turn, in which the peer does something. */
  async function overtaken(does: (peer: NetSocket) => void, handlerOf: () => Recorder): Promise<Connection> {
    for (;;) {
      await using open = await connections(3, handlerOf);
      const [first, second, third] = open.list as [Connection, Connection, Connection];
      const isLong = clock();
      first.socket.write("first");
      second.socket.write("second");
      third.socket.write("third");
      if (isLong()) continue;
      does(third.peer);
      work();
      await round();
      return third;
    }
  }

  const droppedBy = async (does: (peer: NetSocket) => void): Promise<unknown[]> => {
    const { handler, written } = await overtaken(does, () => new Owner());
    return [handler instanceof Owner && handler.dropped, written()];
  };

  it("is dropped if bytes come before it is written", async () => {
    assertEquals(await droppedBy((peer) => peer.write("unasked")), [["overtaken"], 0]);
  });

  it("is dropped if the connection ends before it is written", async () => {
    assertEquals(await droppedBy((peer) => peer.end()), [["ended"], 0]);
  });

  it("is dropped with the error if the connection fails before it is written", async () => {
    assertEquals(await droppedBy((peer) => peer.resetAndDestroy()), [["reset"], 0]);
  });

  it("is written all the same if its owner cannot be told", async () => {
    const { handler, written } = await overtaken(
      (peer) => peer.write("unasked"),
      () => new Recorder(),
    );
    assertEquals([handler.text, written()], ["unasked", 5]);
  });
});
