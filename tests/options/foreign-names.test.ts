/** Names of options that do not exist: the error says which was meant, or what another client's option is called here. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { createPool, type PoolOptions } from "../../mod.ts";

const TABLE: readonly (readonly [given: string, told: string])[] = [
  [
    "timeout",
    'Unknown option "timeout", which is requestTimeout, headersTimeout, bodyIdleTimeout or connectTimeout',
  ],
  ["keepAliveTimeout", 'Unknown option "keepAliveTimeout", which is idleTimeout here: known are '],
  ["maxSockets", 'Unknown option "maxSockets", which is maxConnectionsPerOrigin here: known are '],
  ["keepAliveMsecs", 'Unknown option "keepAliveMsecs", which is tcpKeepAlive.idle here: known are '],
  ["idleTimout", 'Unknown option "idleTimout" (did you mean idleTimeout?): known are '],
  ["IdleTimeout", 'Unknown option "IdleTimeout" (did you mean idleTimeout?): known are '],
  ["frobnicate", 'Unknown option "frobnicate": known are '],
  ["toString", 'Unknown option "toString": known are '],
];

describe("an option that does not exist", () => {
  for (const [given, told] of TABLE)
    it(`is told its name here: ${given}`, () => {
      const error = assertThrows(() => createPool({ [given]: 5 } as PoolOptions), TypeError);
      assertEquals(error.message.slice(0, told.length), told);
    });

  it("is not told a name that the place does not have", () => {
    const error = assertThrows(
      () => createPool({ proxy: { url: "http://p.test", timeout: 1 } } as never),
      TypeError,
    );
    assertEquals(error.message.startsWith('Unknown proxy option "timeout": known are '), true, error.message);
  });
});
