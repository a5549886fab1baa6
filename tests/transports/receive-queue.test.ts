/** The receive queue of every transport: what it tells a handler, in which order, and what it tells no more once it was stopped. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { TransportError } from "../../src/contract/transport.ts";
import { latin1Bytes, latin1Text } from "../../transports/latin1.ts";
import { ReceiveQueue } from "../../transports/receive-queue.ts";
import { settled } from "./support.ts";

/** A queue and what it has told. `on`: what the handler does when it is told something. */
function watched(on: (told: string, queue: ReceiveQueue) => void = () => {}) {
  const told: string[] = [];
  const tell = (what: string): void => {
    told.push(what);
    on(what, queue);
  };
  const queue = new ReceiveQueue({
    data: (bytes, length, more) => tell(`${latin1Text(bytes.subarray(0, length))}${more ? " …" : ""}`),
    drain: () => tell("drain"),
    halfClosed: () => tell("half"),
    closed: (error) => tell(`closed ${error?.kind ?? "in order"}`),
  });
  const receive = (text: string, more?: boolean): void => {
    const bytes = latin1Bytes(text);
    queue.data(bytes, bytes.length, more);
    bytes.fill(0); // lent for the call only
  };
  return { queue, told, receive };
}

const RESET = new TransportError("reset", "reset");

describe("a receive queue", () => {
  it("tells nothing before it is open, and all of it in order afterwards", async () => {
    const { queue, told, receive } = watched();
    receive("a");
    receive("b");
    queue.endReading();
    queue.end(RESET);
    await settled();
    assertEquals(told, []);
    queue.open();
    assertEquals(told, []);
    await settled();
    assertEquals(told, ["a …", "b", "half", "closed reset"]);
  });

  it("delivers at once when it is open, and whether more may follow", async () => {
    const { queue, told, receive } = watched();
    queue.open();
    await settled();
    receive("a", true);
    receive("b");
    queue.endReading();
    queue.end(undefined);
    assertEquals(told, ["a …", "b", "half", "closed in order"]);
  });

  it("that is paused within a delivery keeps the rest, and never delivers within resume()", async () => {
    const { queue, told, receive } = watched((what, own) => {
      if (what.startsWith("a")) own.pause();
    });
    receive("a");
    receive("b");
    queue.open();
    await settled();
    receive("c");
    assertEquals(told, ["a …"]);
    queue.resume();
    receive("d");
    assertEquals(told, ["a …"]);
    await settled();
    receive("e");
    assertEquals(told, ["a …", "b …", "c …", "d", "e"]);
  });

  it("tells each end once", async () => {
    const { queue, told } = watched();
    queue.open();
    await settled();
    queue.end(undefined);
    queue.end(RESET);
    queue.endReading();
    queue.drain();
    assertEquals(told, ["closed in order"]);
  });

  it("delivers what is paused before the end, and the first end counts", async () => {
    const { queue, told, receive } = watched();
    queue.open();
    queue.pause();
    receive("a");
    queue.end(RESET);
    queue.end(undefined);
    queue.endReading();
    queue.drain();
    await settled();
    assertEquals(told, []);
    queue.resume();
    await settled();
    assertEquals(told, ["a", "closed reset"]);
  });

  it("tells nothing once it was stopped", async () => {
    const { queue, told, receive } = watched();
    receive("a");
    queue.open();
    queue.stop();
    receive("b");
    queue.resume();
    queue.drain();
    queue.endReading();
    queue.end(RESET);
    await settled();
    receive("c");
    assertEquals(told, []);
  });

  for (const [when, expected] of [
    ["a …", ["a …"]],
    ["half", ["a …", "b", "half"]],
  ] as [string, string[]][]) {
    it(`tells nothing more when its owner leaves while he is told "${when}"`, async () => {
      const { queue, told, receive } = watched((what, own) => {
        if (what === when) own.stop();
      });
      receive("a");
      receive("b");
      queue.endReading();
      queue.end(RESET);
      queue.open();
      await settled();
      assertEquals(told, expected);
    });
  }

  for (const ended of [false, true]) {
    it(`lets a writer hear ${ended ? "the end" : "of bytes"} first, who may leave`, async () => {
      const { queue, told, receive } = watched();
      queue.open();
      await settled();
      queue.writing = {
        heard(...heard) {
          told.push(`heard ${heard[0]} ${heard[1]?.kind ?? ""}`);
          queue.stop();
        },
      };
      if (ended) queue.end(RESET);
      else receive("a");
      assertEquals(told, [ended ? "heard true reset" : "heard false "]);
    });
  }
});
