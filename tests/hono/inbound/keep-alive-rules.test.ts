/** The rules and options of `keepAlive()`: what is refused at start-up, and how a preset is resolved. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { keepAlive } from "../../../src/hono/mod.ts";
import { resolveKeepAlive } from "../../../src/inbound/keep-alive-rules.ts";
import { ANNOUNCER } from "../../../src/rules/server-side.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

describe("keepAlive()", () => {
  const refused: [rules: unknown, error: typeof TypeError | typeof RangeError, names: string][] = [
    ["nginx", TypeError, "rules"],
    [null, TypeError, "rules"],
    [{ idleTimeut: "5s" }, TypeError, "idleTimeut"],
    [{ serverHints: "ignore" }, TypeError, "serverHints"],
    [{ idleTimeout: "5 seconds" }, RangeError, "idleTimeout"],
    [{ idleTimeout: -1 }, RangeError, "idleTimeout"],
    [{ idleTimeout: null }, TypeError, "idleTimeout"],
    [{ idleTimeout: 1999 }, RangeError, "idleTimeout"],
    [{ maxRequests: 0 }, RangeError, "maxRequests"],
    [{ maxRequests: 1.5 }, RangeError, "maxRequests"],
    [{ maxLifetime: "soon" }, RangeError, "maxLifetime"],
    [{ lifetimeJitter: 2 }, RangeError, "lifetimeJitter"],
  ];
  for (const [rules, error, names] of refused) {
    it(`refuses ${JSON.stringify(rules)} at start-up, naming ${names}`, () => {
      assertThrows(() => keepAlive(rules as Wrong), error, names);
    });
  }

  it("refuses unknown and wrong options", () => {
    assertThrows(() => keepAlive({}, { maxTrackd: 1 } as Wrong), TypeError, "maxTrackd");
    assertThrows(() => keepAlive({}, { maxTracked: 0 }), RangeError, "maxTracked");
    assertThrows(() => keepAlive({}, { onEvent: 1 } as Wrong), TypeError, "onEvent");
  });

  it("uses a preset's limits and announcer, and the rules that override them", () => {
    const announce = () => ({ connection: "keep-alive" as const });
    const preset = {
      idleTimeout: "500ms",
      maxRequests: 1000,
      maxLifetime: "1h",
      [ANNOUNCER]: announce,
    } as const;
    const resolved = resolveKeepAlive({ ...preset, maxRequests: 10 });
    const { idleTimeoutMs, maxRequests, maxLifetimeMs } = resolved.rules;
    assertEquals([idleTimeoutMs, maxRequests, maxLifetimeMs], [500, 10, 3_600_000]);
    assertEquals(resolved.announce, announce);
  });
});
