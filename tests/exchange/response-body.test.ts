/** A body between the wire and its reader: who has it, and what it holds on to. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
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

/** In a frame of its own, so that nothing but the body could hold the bytes afterwards. */
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
  it("does not hold its bytes, however long it is held itself", { timeout: 60_000 }, async () => {
    let collected = 0;
    const registry = new FinalizationRegistry<void>(() => {
      collected += 1;
    });
    // Several, because JavaScriptCore takes what it still finds on the stack for something held.
    const held = Array.from({ length: 8 }, () => body(MIB).body);
    for (const one of held) await readAndForget(one, registry);
    assert(await collectUntil(() => collected > 0), "they still have them");
    assert(held.every(({ ended }) => ended));
  });
});

describe("a stream of a body", () => {
  for (const form of ["stream", "unread"] as const) {
    it(`by ${form}() fails when the response was dropped before anybody read it`, async () => {
      const { body: dropped, told } = body(MIB);
      const reader = dropped[form]();
      dropped.push(new Uint8Array(10), 0, 10);
      dropped.dropped();
      await assertRejects(() => reader.getReader().read(), TypeError, "dropped unread");
      assertEquals(told, ["discard"]);
    });

    it(`by ${form}() holds the peer back once enough is kept, and goes on when it is read`, async () => {
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

  it("by unread() leaves the body to whoever reads it first", async () => {
    const { body: shared, told } = body(2);
    const stream = shared.unread();
    const text = shared.text();
    await stream.cancel();
    shared.push(new Uint8Array([104, 105]), 0, 2);
    shared.end();
    assertEquals([await text, told], ["hi", []]);
  });
});
