/** A response body: which reader gets it, and which memory it keeps alive. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
import type { Alloc } from "../../src/contract/transport.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { ResponseBody } from "../../src/exchange/response-body.ts";
import { collectUntil } from "../support/garbage.ts";

const MIB = 1 << 20;

function body(length: number): { body: ResponseBody; told: string[] } {
  const told: string[] = [];
  const source = {
    pause: () => void told.push("pause"),
    resume: () => void told.push("resume"),
    discard: () => void told.push("discard"),
    ref: () => {},
  };
  return { body: new ResponseBody(source, length, { text: portableText, alloc: clearedBytes }), told };
}

/** In a function of its own, so that only the body could reference the bytes afterwards. */
async function readAndForget(from: ResponseBody, forgotten: FinalizationRegistry<void>): Promise<void> {
  const reading = from.bytes();
  const piece = new Uint8Array(MIB / 2);
  from.push(piece, 0, piece.length);
  from.push(piece, 0, piece.length);
  from.end();
  const { buffer, length } = await reading;
  assertEquals(length, MIB);
  forgotten.register(buffer, undefined);
}

describe("a body that was read", () => {
  it("does not keep its bytes alive while it is referenced itself", { timeout: 60_000 }, async () => {
    let collected = 0;
    const registry = new FinalizationRegistry<void>(() => {
      collected += 1;
    });
    // Several bodies, because JavaScriptCore treats stale stack slots as references.
    const bodies = Array.from({ length: 8 }, () => body(MIB).body);
    for (const one of bodies) await readAndForget(one, registry);
    assert(await collectUntil(() => collected > 0), "the bytes were not collected");
    assert(bodies.every(({ ended }) => ended));
  });
});

describe("a body that arrives whole", () => {
  const SIZE = 5000;
  const wholeBodies = (copiedBytes: number): { bodies: ResponseBody[]; lengths: number[] } => {
    const lengths: number[] = [];
    const alloc: Alloc = (length) => {
      lengths.push(length);
      return new Uint8Array(length);
    };
    const bodies = [1, 2].map((value) => {
      const one = new ResponseBody(undefined, SIZE, { text: portableText, alloc });
      one.copiedBytes = copiedBytes;
      one.push(new Uint8Array(SIZE).fill(value), 0, SIZE);
      one.end();
      const lent = one.lendContent();
      assertEquals(lent, new Uint8Array(SIZE).fill(value));
      assert(one.used);
      one.takeBack();
      return one;
    });
    return { bodies, lengths };
  };

  it("is collected in memory that is used again, if its reader copies it", () => {
    assertEquals(wholeBodies(SIZE).lengths, [SIZE]);
  });

  it("is collected in memory of its own, if that may be kept", () => {
    assertEquals(wholeBodies(SIZE - 1).lengths, [SIZE, SIZE]);
  });

  it("is gone when it was taken back", async () => {
    const { bodies } = wholeBodies(SIZE);
    for (const one of bodies) await assertRejects(() => one.bytes(), TypeError, "read");
  });
});

describe("a stream of a body", () => {
  for (const form of ["stream", "unread"] as const) {
    it(`by ${form}() fails if the response was dropped unread`, async () => {
      const { body: dropped, told } = body(MIB);
      const reader = dropped[form]();
      dropped.push(new Uint8Array(10), 0, 10);
      dropped.handleCollected();
      await assertRejects(() => reader.getReader().read(), TypeError, "dropped unread");
      assertEquals(told, ["discard"]);
    });

    it(`by ${form}() pauses the socket when the buffer is full, and resumes when it is read`, async () => {
      const { body: slow, told } = body(MIB);
      const reader = slow[form]().getReader();
      const piece = new Uint8Array(40_000);
      for (let count = 0; count < 3; count++) slow.push(piece, 0, piece.length);
      assertEquals(told, ["pause"]);
      assertEquals((await reader.read()).value?.length, 120_000);
      assertEquals(told, ["pause", "resume"]);
      for (let count = 0; count < 2; count++) slow.push(piece, 0, piece.length);
      assertEquals(told, ["pause", "resume", "pause"]);
    });
  }

  it("of a body that has arrived gives all of it, and the body is used", async () => {
    const { body: whole } = body(10);
    let spent = 0;
    whole.onSpent = () => {
      spent += 1;
    };
    whole.push(new Uint8Array(10).fill(7), 0, 10);
    whole.end();
    const reader = whole.unread().getReader();
    assert(!whole.used);
    assertEquals((await reader.read()).value, new Uint8Array(10).fill(7));
    assert((await reader.read()).done);
    assertEquals(spent, 1);
    await assertRejects(() => whole.bytes(), TypeError, "read already");
  });

  it("of a body that has arrived leaves nothing when it is cancelled, or read past it", async () => {
    const [left, taken] = [body(10).body, body(10).body];
    for (const one of [left, taken]) {
      one.push(new Uint8Array(10), 0, 10);
      one.end();
    }
    await left.unread().cancel();
    await assertRejects(() => left.bytes(), TypeError, "read already");
    const stream = taken.unread();
    assertEquals((await taken.bytes()).length, 10);
    await assertRejects(() => stream.getReader().read(), TypeError, "read already");
  });

  it("by unread() lets another reader take the body first", async () => {
    const { body: shared, told } = body(2);
    const stream = shared.unread();
    const text = shared.text();
    await stream.cancel();
    shared.push(new Uint8Array([104, 105]), 0, 2);
    shared.end();
    assertEquals([await text, told], ["hi", []]);
  });
});
