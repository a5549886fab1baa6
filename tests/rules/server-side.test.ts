/** The server's side: the last response of a connection, and the announced limits. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { resolveOptions } from "../../src/options/resolve.ts";
import {
  type AnnouncedFacts,
  type Announcement,
  announceRemaining,
  lastResponseReason,
  nameTimeout,
  realIdleMs,
  requestsLeft,
} from "../../src/rules/server-side.ts";

const { rules } = resolveOptions({ idleTimeout: "75s", maxRequests: 3, maxLifetime: "1h" });

describe("the last response of a connection", () => {
  const cases: [requests: number, now: number, reason: string | undefined][] = [
    [1, 0, undefined],
    [2, 3_599_999, undefined],
    [3, 0, "max-requests"],
    [4, 0, "max-requests"],
    [1, 3_600_000, "max-lifetime"],
    [1, 9_999_999, "max-lifetime"],
  ];
  for (const [requests, now, reason] of cases) {
    it(`is ${reason ?? "not"} that of request ${requests} at ${now} ms`, () => {
      assertEquals(lastResponseReason({ openedAt: 0, expiresAt: 3_600_000, requests }, rules, now), reason);
    });
  }

  it("is every response if no idle time is allowed", () => {
    const none = resolveOptions({ idleTimeout: 0 }).rules;
    assertEquals(
      lastResponseReason({ openedAt: 0, expiresAt: Infinity, requests: 1 }, none, 5),
      "idle-timeout",
    );
  });

  it("leaves the requests that the limit still allows", () => {
    assertEquals(
      [1, 2, 3, 4].map((requests) => requestsLeft(requests, rules)),
      [2, 1, 0, 0],
    );
    assertEquals(requestsLeft(9, resolveOptions({}).rules), Infinity);
  });
});

describe("the announcement", () => {
  const facts: AnnouncedFacts = {
    last: false,
    idleTimeoutMs: 75_000,
    remaining: 99,
    maxRequests: 100,
    minorVersion: 1,
    asked: { close: false, keepAlive: false },
  };
  const cases: [given: Partial<AnnouncedFacts>, connection: string, keepAlive: string | undefined][] = [
    [{}, "keep-alive", "timeout=74, max=99"],
    [{ remaining: Infinity }, "keep-alive", "timeout=74"],
    [{ remaining: 0 }, "keep-alive", "timeout=74, max=0"],
    [{ idleTimeoutMs: Infinity }, "keep-alive", "max=99"],
    [{ idleTimeoutMs: Infinity, remaining: Infinity }, "keep-alive", undefined],
    [{ idleTimeoutMs: 2000 }, "keep-alive", "timeout=1, max=99"],
    [{ idleTimeoutMs: 2999 }, "keep-alive", "timeout=1, max=99"],
    [{ idleTimeoutMs: 1999, remaining: Infinity }, "keep-alive", undefined],
    [{ last: true }, "close", undefined],
  ];
  for (const [given, connection, keepAlive] of cases) {
    it(`of ${JSON.stringify(given)} is ${connection}, ${keepAlive}`, () => {
      const announced = announceRemaining({ ...facts, ...given });
      assertEquals([announced.connection, announced.keepAlive], [connection, keepAlive]);
    });
  }

  it("is at least a second below the real timeout, with every announcer", () => {
    assertEquals(realIdleMs(20_000, undefined), 20_000);
    assertEquals(realIdleMs(20_000, 19_000), 20_000);
    assertEquals(realIdleMs(20_000, 20_000), 21_000);
    assertEquals(realIdleMs(20_000, 100_000), 101_000);
    assertEquals(realIdleMs(Infinity, 5000), Infinity);
  });
});

describe("a server that would add its own timeout", () => {
  const cases: [words: Announcement, idleMs: number, keepAlive: string | undefined][] = [
    [{ connection: "keep-alive" }, 75_000, "timeout=74"],
    [{ connection: "keep-alive" }, 2000, "timeout=1"],
    [{ connection: "keep-alive" }, 500, "timeout=1"],
    [{ connection: "keep-alive" }, Infinity, undefined],
    [{ connection: "keep-alive", keepAlive: "max=3" }, 75_000, "max=3"],
    [{ connection: "close" }, 75_000, undefined],
    [{}, 75_000, undefined],
  ];
  for (const [words, idleMs, keepAlive] of cases) {
    it(`is given ${keepAlive} for ${JSON.stringify(words)} and ${idleMs} ms`, () => {
      const named = nameTimeout(words, idleMs);
      assertEquals(named, { ...words, ...(keepAlive && { keepAlive }) });
    });
  }
});
