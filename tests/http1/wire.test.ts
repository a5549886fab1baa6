/** What a connection remembers of the server's announcements between its responses. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import type { ResponseHead } from "../../src/http1/parse/head.ts";
import { portableText } from "../../src/http1/text.ts";
import { Wire } from "../../src/http1/wire.ts";
import { resolveOptions } from "../../src/options/resolve.ts";

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

function fail(): never {
  throw new Error("The reader failed");
}

describe("Wire.hints()", () => {
  it("counts on under a response that does not repeat the header", () => {
    const connection = wire();
    const hints = [head("max=3"), head(), head()].map((seen, at) =>
      connection.hints(seen, at + 1, "honor", false),
    );
    assertEquals(
      hints.map(({ remaining, ignored }) => [remaining, ignored]),
      [
        [2, undefined],
        [1, undefined],
        [0, undefined],
      ],
    );
  });

  it("takes what a reader function says", () => {
    const read = () => ({ timeoutMs: 5000, remaining: 7 });
    assertEquals(wire().hints(head(), 1, read, false), {
      close: false,
      timeoutMs: 5000,
      remaining: 7,
    });
  });

  for (const [what, read] of [
    ["throws", fail],
    ["gives NaN", () => ({ remaining: Number.NaN })],
    ["gives a negative time", () => ({ timeoutMs: -1 })],
  ] as const) {
    it(`takes nothing from a reader that ${what}, and says so`, () => {
      const hints = wire().hints(head("timeout=5"), 1, read, false);
      assertEquals(hints, { close: false, ignored: "timeout=5" });
    });
  }
});
