/** What a Bun socket is given to write, and when: small requests of a crowded turn leave together at its end. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { SocketHandler } from "../../src/contract/transport.ts";
import { BunWriter } from "../../transports/bun-writer.ts";
import { latin1Text } from "../../transports/latin1.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { Recorder } from "./support.ts";

const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Until a round is over, also one that lasted for long. */
async function round(): Promise<void> {
  for (let count = 0; count < 4; count++) await immediate();
}

/** Works for longer than a round should last. */
function work(): void {
  for (const until = performance.now() + 2; performance.now() < until; );
}

/** A kernel that takes `room` bytes, and all that was written to it. */
function kernel(room = Infinity, handler: SocketHandler = new Recorder()) {
  const at = { room, written: [] as string[] };
  const sink = {
    write(bytes: Uint8Array, offset: number, length: number): number {
      const taken = Math.min(length, at.room);
      at.room -= taken;
      if (taken > 0) at.written.push(latin1Text(bytes.subarray(offset, offset + taken)));
      return taken;
    },
    end: () => void at.written.push("FIN"),
    terminate: () => void at.written.push("RST"),
  };
  return Object.assign(at, { writer: new BunWriter(sink, new ReceiveQueue(handler)) });
}

/** Writers of one turn of which four have written already. */
async function crowded(): Promise<ReturnType<typeof kernel>> {
  await round();
  for (let count = 0; count < 4; count++) kernel().writer.write("GET / HTTP/1.1\r\n\r\n");
  return kernel();
}

describe("small requests of one turn of the event loop", () => {
  it("leave at once, the first four, and the rest at its end, in order", async () => {
    await round();
    const all = Array.from({ length: 7 }, () => kernel());
    for (const [at, { writer }] of all.entries()) assertEquals(writer.write(`request ${at}`), true);
    assertEquals(
      all.map(({ written }) => written.length),
      [1, 1, 1, 1, 0, 0, 0],
    );
    await round();
    assertEquals(
      all.flatMap(({ written }) => written),
      all.map((_, at) => `request ${at}`),
    );
  });

  it("leave before whatever else is written on their socket", async () => {
    const { writer, written } = await crowded();
    writer.write("first");
    writer.write("head", new Uint8Array([98]), "tail");
    assertEquals(written, ["first", "headbtail"]);
    await round();
    assertEquals(written, ["first", "headbtail"]);
  });

  it("leave before FIN, and not at all after an abort", async () => {
    const closed = await crowded();
    closed.writer.write("last");
    closed.writer.finish();
    const aborted = kernel();
    aborted.writer.write("never");
    aborted.writer.stop();
    await round();
    assertEquals([closed.written, aborted.written], [["last", "FIN"], []]);
  });

  it("leave at once, and whole, when they are not small", async () => {
    const { writer, written } = await crowded();
    const head = `GET / HTTP/1.1\r\ncookie: ${"c".repeat(70_000)}\r\n\r\n`;
    writer.write(head);
    assertEquals(written.join("") === head, true);
  });

  it("wait for a kernel that has no room, like every write", async () => {
    const full = await crowded();
    full.room = 3;
    full.writer.write("request");
    await round();
    assertEquals(full.written, ["req"]);
    full.room = Infinity;
    full.writer.flush();
    assertEquals(full.written, ["req", "uest"]);
  });

  it("are counted anew in the next turn", async () => {
    await crowded();
    await round();
    const { writer, written } = kernel();
    writer.write("at once");
    assertEquals(written, ["at once"]);
  });

  it("wait until the loop has looked if somebody worked meanwhile", async () => {
    const { writer, written } = await crowded();
    writer.write("request");
    work();
    await immediate();
    assertEquals(written, []);
    await round();
    assertEquals(written, ["request"]);
  });

  it("do not leave if something came before they did, and who wrote them is told", async () => {
    const told: string[] = [];
    const handler = Object.assign(new Recorder(), { writeDropped: () => void told.push("dropped") });
    await crowded();
    const { writer, written } = kernel(Infinity, handler);
    writer.write("request");
    writer.received();
    await round();
    assertEquals([told, written], [["dropped"], []]);
  });

  it("leave at once if something came and who wrote them cannot be told so", async () => {
    const { writer, written } = await crowded();
    writer.write("request");
    writer.received();
    assertEquals(written, ["request"]);
  });
});
