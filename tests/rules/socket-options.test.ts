/** Socket options: which applied values count as honoured. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { TcpKeepAlive } from "../../src/contract/transport.ts";
import { shortfalls } from "../../src/rules/socket-options.ts";

describe("TCP keepalive that was applied as", () => {
  const rows: [asked: TcpKeepAlive | false, applied: TcpKeepAlive | false, honoured: boolean][] = [
    [false, false, true],
    [false, {}, false],
    [{}, false, false],
    [{}, {}, true],
    [{}, { idleMs: 7_200_000, intervalMs: 75_000, probes: 9 }, true],
    [{ idleMs: 60_000 }, { idleMs: 60_000, intervalMs: 1000, probes: 10 }, true],
    [{ idleMs: 60_000 }, { idleMs: 7_200_000 }, false],
    [{ idleMs: 60_000 }, {}, false],
    [{ intervalMs: 5000 }, { idleMs: 60_000, intervalMs: 5000 }, true],
    [{ intervalMs: 5000 }, { idleMs: 60_000, intervalMs: 75_000 }, false],
    [{ intervalMs: 5000 }, { idleMs: 60_000 }, false],
    [{ probes: 3 }, { probes: 3 }, true],
    [{ probes: 3 }, { probes: 10 }, false],
    [{ probes: 3 }, { probes: 2 }, false],
    [{ probes: 3 }, {}, false],
    [{ idleMs: 1500 }, { idleMs: 1000 }, true],
    [{ idleMs: 1500 }, { idleMs: 2000 }, true],
    [{ idleMs: 1500 }, { idleMs: 2500 }, false],
    [{ idleMs: 1000 }, { idleMs: 0 }, false],
    [{ idleMs: 60_000, intervalMs: 5000, probes: 3 }, { idleMs: 60_000, intervalMs: 5000, probes: 3 }, true],
    [{ idleMs: 60_000, intervalMs: 5000, probes: 3 }, { idleMs: 60_000, intervalMs: 5000, probes: 4 }, false],
  ];
  for (const [asked, applied, honoured] of rows) {
    const title = `${JSON.stringify(applied)} is ${honoured ? "" : "not "}as asked with ${JSON.stringify(asked)}`;
    it(title, () => {
      const found = shortfalls(
        { tcpKeepAlive: asked, noDelay: true },
        { tcpKeepAlive: applied, noDelay: true },
      );
      assertEquals(found, honoured ? [] : [{ option: "tcpKeepAlive", asked, applied }]);
    });
  }
});

describe("noDelay", () => {
  for (const asked of [true, false]) {
    it(`of ${asked} is compared separately`, () => {
      const rest = { tcpKeepAlive: false } as const;
      assertEquals(shortfalls({ ...rest, noDelay: asked }, { ...rest, noDelay: asked }), []);
      assertEquals(shortfalls({ ...rest, noDelay: asked }, { ...rest, noDelay: !asked }), [
        { option: "noDelay", asked, applied: !asked },
      ]);
    });
  }

  it("and TCP keepalive are both reported", () => {
    const found = shortfalls({ tcpKeepAlive: {}, noDelay: true }, { tcpKeepAlive: false, noDelay: false });
    assertEquals(
      found.map(({ option }) => option),
      ["tcpKeepAlive", "noDelay"],
    );
  });
});
