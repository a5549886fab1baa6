/** Failures: what a runtime's error is called when it came before the handshake that it was going to have. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { transportErrorOf } from "../../transports/error-mapping.ts";

describe("failure()", () => {
  for (const [code, kind] of [
    ["EINVAL", "other"],
    ["ENAMETOOLONG", "other"],
    ["ENOENT", "refused"],
    ["ECONNRESET", "tls"],
    ["ETIMEDOUT", "timeout"],
  ] as const) {
    it(`calls ${code} ${kind} where TLS was to follow`, () => {
      assertEquals(transportErrorOf(Object.assign(new Error("connect"), { code }), "tls").kind, kind);
    });
  }
});
