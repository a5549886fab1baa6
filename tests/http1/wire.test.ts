/** What a connection remembers of the server's announcements between its responses. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import type { ResponseHead } from "../../src/http1/parse/head.ts";
import { portableText } from "../../src/http1/text.ts";
import { Wire } from "../../src/http1/wire.ts";
import { resolveOptions } from "../../src/options/settings.ts";

const head = (keepAlive?: string): ResponseHead => ({
  status: 200,
  minorVersion: 1,
  text: "HTTP/1.1 200 OK\r\n",
  contentLength: 0,
  transferEncoding: undefined,
  coded: false,
  connection: undefined,
  keepAlive,
});

const wire = () => new Wire(resolveOptions().limits, portableText, clearedBytes);

const direct = { proxied: false };

function fail(value: string): never {
  throw new Error(`"${value}" was called flawed`);
}

const none = { hintIgnored: (_: typeof direct, value: string) => fail(value) };

describe("Wire.hints()", () => {
  it("counts on under a response that does not repeat the header", () => {
    const connection = wire();
    assertEquals(connection.hints(head("max=3"), 1, "honor", direct, none).remaining, 2);
    assertEquals(connection.hints(head(), 2, "honor", direct, none).remaining, 1);
    assertEquals(connection.hints(head(), 3, "honor", direct, none).remaining, 0);
  });

  it("takes what a reader function says", () => {
    const read = () => ({ timeoutMs: 5000, remaining: 7 });
    assertEquals(wire().hints(head(), 1, read, direct, none), {
      close: false,
      timeoutMs: 5000,
      remaining: 7,
    });
  });

  for (const [what, read] of [
    ["throws", () => fail("reader")],
    ["gives NaN", () => ({ remaining: Number.NaN })],
    ["gives a negative time", () => ({ timeoutMs: -1 })],
  ] as const) {
    it(`takes nothing from a reader that ${what}, and says so`, () => {
      const told: string[] = [];
      const listener = { hintIgnored: (_: typeof direct, value: string) => told.push(value) };
      const hints = wire().hints(head("timeout=5"), 1, read, direct, listener);
      assertEquals([hints, told], [{ close: false }, ["timeout=5"]]);
    });
  }
});
