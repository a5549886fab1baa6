/** On demand: code that is imported with its first use. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf } from "@std/assert";
import { HoldfastError } from "../../mod.ts";
import { inTime, OnDemand } from "../../src/contract/on-demand.ts";
import { MovableClock } from "../support/clock.ts";

/** What a promise rejects with. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error) => error,
  );

describe("code that is loaded on demand", () => {
  it("is imported once, whoever asks meanwhile, and is there from then on", async () => {
    let imports = 0;
    const part = new OnDemand("tests", async () => {
      imports += 1;
      return "code";
    });
    assertEquals([part.code, imports], [undefined, 0]);
    assertEquals(await Promise.all([part.load(), part.load()]), ["code", "code"]);
    assertEquals([part.code, await part.load(), imports], ["code", "code", 1]);
  });

  it("fails with a typed error that has the cause, and is imported anew by the next use", async () => {
    let imports = 0;
    const cause = new TypeError("no such module");
    const part = new OnDemand("tests", () =>
      ++imports === 1 ? Promise.reject(cause) : Promise.resolve("code"),
    );
    const errors = await Promise.all([failure(part.load()), failure(part.load())]);
    for (const error of errors) {
      assertInstanceOf(error, HoldfastError);
      assertEquals([error.code, error.sent, error.cause], ["ERR_CONNECT", "none", cause]);
      assertEquals(error.message, "The code for tests could not be loaded");
    }
    assertEquals([await part.load(), part.code, imports], ["code", "code", 2]);
  });
});

describe("loading", () => {
  const never = new Promise<string>(() => {});

  it("that takes too long ends with a typed error, and what was being loaded is found later", async () => {
    const clock = new MovableClock();
    let arrive = (_code: string): void => {};
    const part = new OnDemand("tests", () => new Promise<string>((resolve) => (arrive = resolve)));
    const late = failure(inTime(part.load(), clock, 100));
    await clock.advance(100);
    const error = await late;
    assertInstanceOf(error, HoldfastError);
    assertEquals([error.code, error.limitMs, error.sent], ["ERR_CONNECT_TIMEOUT", 100, "none"]);
    arrive("code");
    assertEquals(await inTime(part.load(), clock, 100), "code");
    assertEquals([part.code, clock.timers], ["code", 0]);
  });

  it("without a limit sets no timer", () => {
    const clock = new MovableClock();
    assertEquals(inTime(never, clock, Infinity), never);
    assertEquals(clock.timers, 0);
  });
});
