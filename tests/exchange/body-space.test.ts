/** Space of a body: a transport reads into the memory that the caller gets, and nobody else ever sees that memory. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { ResponseBody } from "../../src/exchange/response-body.ts";

const MIB = 1 << 20;
const ANY = 2 * MIB;

function bodyOf(length: number | undefined): ResponseBody {
  const source = { pause() {}, resume() {}, discard() {}, ref() {} };
  return new ResponseBody(source, length, { text: portableText, alloc: clearedBytes });
}

function push(body: ResponseBody, value: number, length: number): void {
  body.push(new Uint8Array(length).fill(value), 0, length);
}

/** What a transport does that reads `length` bytes into the space. */
function readInto(body: ResponseBody, value: number, length: number): Uint8Array {
  const space = body.space(ANY);
  assert(space !== undefined, "there is no space");
  space.fill(value, 0, length);
  body.push(space, 0, length);
  return space;
}

describe("the space of a body that is collected whole", () => {
  it("is the memory of the result, and begins where the last bytes ended", async () => {
    const body = bodyOf(MIB);
    const reading = body.bytes();
    push(body, 1, 1000);
    const first = readInto(body, 2, 200_000);
    assertEquals([first.byteOffset, first.length], [1000, MIB - 1000]);
    push(body, 3, 5000);
    const second = readInto(body, 4, MIB - 206_100);
    assertEquals(second.byteOffset, 206_000);
    push(body, 5, 100);
    body.end();
    const whole = await reading;
    assertEquals(whole.buffer, first.buffer);
    const runs = [0, 999, 1000, 200_999, 201_000, 205_999, 206_000, MIB - 101, MIB - 100, MIB - 1];
    assertEquals(
      runs.map((at) => whole[at]),
      [1, 1, 2, 2, 3, 3, 4, 4, 5, 5],
    );
  });

  it("is no larger than asked for, and none if little is left or the length is not known", () => {
    const body = bodyOf(MIB);
    void body.bytes();
    assertEquals(body.space(ANY), undefined);
    push(body, 1, 1000);
    assertEquals(body.space(100_000)?.length, 100_000);
    assertEquals(body.space(1000), undefined);
    assertEquals(body.space(-24), undefined);
    push(body, 1, MIB - 9000);
    assertEquals(body.space(ANY), undefined);
    const unknown = bodyOf(undefined);
    void unknown.bytes();
    push(unknown, 1, 100_000);
    assertEquals(unknown.space(ANY), undefined);
  });

  it("takes bytes that were read elsewhere meanwhile", async () => {
    const body = bodyOf(MIB);
    const reading = body.bytes();
    push(body, 1, 1000);
    const space = body.space(ANY);
    push(body, 2, 1000);
    space?.fill(3, 0, 1000);
    // The transport has put these to the place of those above.
    body.push(new Uint8Array(1000).fill(4), 0, 1000);
    push(body, 5, MIB - 3000);
    body.end();
    const whole = await reading;
    assertEquals([whole[2000], whole[2999], whole[3000]], [4, 4, 5]);
  });
});

describe("the space of a body without a reader", () => {
  it("is bounded, so that a reader who does not come costs little", () => {
    const body = bodyOf(MIB);
    push(body, 1, 1000);
    assertEquals(body.space(ANY)?.length, 262_144);
    readInto(body, 2, 100_000);
    assertEquals(body.space(ANY), undefined);
  });

  it("is not what the reader of a stream gets, although it is being read into", async () => {
    const body = bodyOf(MIB);
    push(body, 1, 1000);
    const space = body.space(ANY);
    assert(space !== undefined);
    const reader = body.stream().getReader();
    const first = await reader.read();
    assertEquals(first.value?.length, 1000);
    assert(first.value?.buffer !== space.buffer);
    space.fill(2);
    body.push(space, 0, 500);
    const second = await reader.read();
    assertEquals([second.value?.length, second.value?.[0]], [500, 2]);
    assert(second.value?.buffer !== space.buffer);
    assertEquals(body.space(ANY), undefined);
  });

  it("is none once it was discarded", () => {
    const body = bodyOf(MIB);
    push(body, 1, 1000);
    body.discard();
    assertEquals(body.space(ANY), undefined);
  });
});
