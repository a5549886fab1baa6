/** Near end: rows at the edges, and the laws. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type EndingFacts, isNearEnd } from "../../src/rules/near-end.ts";

const FRESH: EndingFacts = { requests: 2, leases: 1, openedAt: 0, expiresAt: Infinity };

describe("the successor of a connection is due", () => {
  const rows: readonly [facts: Partial<EndingFacts>, mostRequests: number, now: number, expected: boolean][] =
    [
      [{ requests: 995 }, 1000, 0, false],
      [{ requests: 996 }, 1000, 0, true],
      [{ requests: 599, leases: 100 }, 1000, 0, false],
      [{ requests: 600, leases: 100 }, 1000, 0, true],
      [{ requests: 500, leases: 500 }, 1000, 0, false],
      [{ requests: 501, leases: 500 }, 1000, 0, true],
      [{ requests: 3, leases: 3 }, 7, 0, false],
      [{ requests: 4, leases: 4 }, 7, 0, true],
      [{ requests: 1, leases: 1 }, 1, 0, false],
      [{ requests: 2, leases: 2 }, 2, 0, true],
      [{ requests: 1000 }, Infinity, 0, false],
      [{ expiresAt: 10_000 }, Infinity, 8999, false],
      [{ expiresAt: 10_000 }, Infinity, 9000, true],
      [{ expiresAt: 600_000 }, Infinity, 594_999, false],
      [{ expiresAt: 600_000 }, Infinity, 595_000, true],
      [{ requests: 1, expiresAt: 600_000 }, Infinity, 599_000, false],
    ];
  for (const [changes, mostRequests, now, expected] of rows)
    it(`${expected}: ${JSON.stringify(changes)} of ${mostRequests} at ${now}`, () =>
      assertEquals(isNearEnd({ ...FRESH, ...changes }, mostRequests, now), expected));

  const most = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constant(Infinity));
  const facts = fc
    .record({
      requests: fc.nat({ max: 3000 }),
      leases: fc.nat({ max: 300 }),
      openedAt: fc.nat({ max: 100_000 }),
      livesMs: fc.oneof(fc.nat({ max: 900_000 }), fc.constant(Infinity)),
    })
    .map(({ livesMs, ...rest }) => ({ ...rest, expiresAt: rest.openedAt + livesMs }));
  const times = fc.nat({ max: 1_000_000 });

  it("never, where nothing is limited", () => {
    fc.assert(
      fc.property(facts, times, (of, now) => {
        assert(!isNearEnd({ ...of, expiresAt: Infinity }, Infinity, now));
      }),
    );
  });

  it("not later with more requests, with more leases, or as time goes on", () => {
    fc.assert(
      fc.property(facts, most, times, fc.nat({ max: 50 }), (of, mostRequests, now, more) => {
        if (!isNearEnd(of, mostRequests, now)) return;
        assert(isNearEnd({ ...of, requests: of.requests + more }, mostRequests, now));
        assert(isNearEnd({ ...of, leases: of.leases + more }, mostRequests, now));
        assert(isNearEnd(of, mostRequests, now + more));
      }),
    );
  });

  it("always before it takes no more, if it has carried requests", () => {
    fc.assert(
      fc.property(facts, most, times, (of, mostRequests, now) => {
        const isOver = of.requests >= mostRequests || now >= of.expiresAt;
        if (of.requests >= 2 && of.leases >= 1 && isOver) assert(isNearEnd(of, mostRequests, now));
      }),
    );
  });
});
