/** The options of `upstream()`: what is refused at start-up. */

import { describe, it } from "node:test";
import { assertThrows } from "@std/assert";
import { upstream } from "../../../src/hono/mod.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

describe("upstream()", () => {
  it("refuses unknown and wrong options at start-up", () => {
    assertThrows(() => upstream({ idleTimeut: 1 } as Wrong), TypeError, "idleTimeut");
    assertThrows(() => upstream({ maxQueue: -1 }), RangeError, "maxQueue");
    assertThrows(() => upstream({}, { serverTimings: true } as Wrong), TypeError, "serverTimings");
    assertThrows(() => upstream({}, { serverTiming: 1 } as Wrong), TypeError, "serverTiming");
    assertThrows(() => upstream("https://a.test" as Wrong), TypeError, "options");
  });
});
