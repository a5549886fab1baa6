/** Which holders of a body are watched by a finalizer. What happens when one is collected, tests/promises shows. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { ResponseBody } from "../../src/exchange/response-body.ts";

/** Counts what is registered. The module makes its registry when it is loaded, so this is a copy that no other test has loaded. */
const watched: unknown[] = [];
const Real = globalThis.FinalizationRegistry;
globalThis.FinalizationRegistry = class<T> extends Real<T> {
  override register(target: WeakKey, held: T, token?: WeakKey): void {
    watched.push(target);
    super.register(target, held, token);
  }
};
const copy = "../../src/fetch/unclaimed.ts?watched";
const { watchUnclaimed } = (await import(copy)) as typeof import("../../src/fetch/unclaimed.ts");
globalThis.FinalizationRegistry = Real;

const flow = { pause() {}, resume() {}, discard() {}, ref() {} };
const body = (): ResponseBody => new ResponseBody(flow, 10, { text: portableText, alloc: clearedBytes });

async function microtasks(): Promise<void> {
  for (let count = 0; count < 10; count++) await undefined;
}

describe("the holder of a body", () => {
  it("is watched if the body was not taken within some microtasks", async () => {
    const holders = [{}, {}];
    for (const holder of holders) watchUnclaimed(holder, body());
    assertEquals(watched.length, 0);
    await microtasks();
    assertEquals(watched.splice(0), holders);
    const later = {};
    watchUnclaimed(later, body());
    await microtasks();
    assertEquals(watched.splice(0), [later]);
  });

  it("is not watched if the body was taken, discarded, or has ended", async () => {
    const bodies = Array.from({ length: 4 }, body);
    for (const one of bodies) watchUnclaimed({}, one);
    await undefined;
    void bodies[0]?.bytes();
    bodies[1]?.discard();
    bodies[2]?.end();
    bodies[3]?.fail(new Error("lost"));
    await microtasks();
    assertEquals(watched, []);
  });

  it("is watched while the body is read as a stream, which may be dropped", async () => {
    const one = body();
    const holder = one.stream();
    watchUnclaimed(holder, one);
    await microtasks();
    assertEquals(watched.splice(0), [holder]);
  });
});
