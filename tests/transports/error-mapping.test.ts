/** Error mapping: a refused address is not a TLS failure, even if TLS was to follow. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { transportErrorOf } from "../../transports/error-mapping.ts";

describe("transportErrorOf()", () => {
  for (const [code, kind] of [
    ["EINVAL", "other"],
    ["ENAMETOOLONG", "other"],
    ["ENOENT", "refused"],
    ["ECONNRESET", "tls"],
    ["ETIMEDOUT", "timeout"],
  ] as const) {
    it(`maps ${code} to ${kind} if TLS was to follow`, () => {
      assertEquals(transportErrorOf(Object.assign(new Error("connect"), { code }), "tls").kind, kind);
    });
  }
});
