/** Retry: every possible attempt, against the laws of RFC 9110 §9.2.2. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { RetryReason } from "../../src/contract/reasons.ts";
import {
  type FailedAttempt,
  isIdempotent,
  MAX_RESENDS,
  MAX_UNPROCESSED_RESENDS,
  resendReason,
  retryReason,
} from "../../src/rules/retry.ts";

/** Every possible attempt: 3 × 2⁴ × 3. */
const attempts: FailedAttempt[] = (["none", "partial", "full"] as const).flatMap((sent) =>
  [0, 1, 2].flatMap((resendCount) =>
    Array.from({ length: 16 }, (_, bits) => {
      const [reused, responded, repeatable, replayable] = [1, 2, 4, 8].map((bit) => (bits & bit) !== 0);
      const flags = { reused, responded, repeatable, replayable } as Record<Flag, boolean>;
      return { method: "GET", sent, resendCount, ...flags };
    }),
  ),
);

type Flag = "reused" | "responded" | "repeatable" | "replayable";

const permitted = attempts.filter((attempt) => retryReason(attempt) !== undefined);

describe("a failed request is sent again", () => {
  const rows: [attempt: Partial<FailedAttempt>, expected: RetryReason | undefined][] = [
    [{}, "stale-connection"],
    [{ sent: "partial" }, "stale-connection"],
    [{ sent: "none" }, "not-sent"],
    [{ sent: "none", reused: false }, "not-sent"],
    [{ sent: "none", repeatable: false }, "not-sent"],
    [{ sent: "none", replayable: false }, undefined],
    [{ reused: false }, undefined],
    [{ repeatable: false }, undefined],
    [{ replayable: false }, undefined],
    [{ responded: true }, undefined],
    [{ sent: "none", responded: true }, undefined],
    [{ resendCount: 1 }, undefined],
    [{ sent: "none", resendCount: 1 }, undefined],
  ];
  const stale: FailedAttempt = {
    method: "GET",
    sent: "full",
    reused: true,
    responded: false,
    repeatable: true,
    replayable: true,
    resendCount: 0,
  };
  for (const [changes, expected] of rows) {
    it(`as ${expected ?? "never"}: ${JSON.stringify(changes)}`, () => {
      assertEquals(retryReason({ ...stale, ...changes }), expected);
    });
  }

  const laws: Record<string, (attempt: FailedAttempt) => boolean> = {
    "only once": ({ resendCount }) => resendCount < MAX_RESENDS,
    "never after a byte of a response": ({ responded }) => !responded,
    "never without a replayable body": ({ replayable }) => replayable,
    "never if it may have been executed, unless it is repeatable": ({ sent, repeatable }) =>
      sent === "none" || repeatable,
    "never after it was partly written to a fresh connection": ({ sent, reused }) =>
      sent === "none" || reused,
  };
  for (const [law, holds] of Object.entries(laws)) {
    it(law, () =>
      assertEquals(
        permitted.filter((attempt) => !holds(attempt)),
        [],
      ),
    );
  }

  it("whenever no law above forbids it", () => {
    const allowed = attempts.filter((attempt) => Object.values(laws).every((holds) => holds(attempt)));
    assertEquals(permitted, allowed);
    assertEquals(permitted.length, 6);
  });
});

describe("an attempt that was proven unprocessed", () => {
  /** Every possible attempt with that proof, after 0 to 7 of them. */
  const proven = attempts.flatMap((attempt) =>
    Array.from({ length: 8 }, (_, unprocessedCount) => ({ ...attempt, unprocessed: true, unprocessedCount })),
  );

  it("is sent again whatever its method and however often it was resent, unless its body cannot be or it was answered", () => {
    for (const attempt of proven) {
      const allowed =
        attempt.replayable && !attempt.responded && attempt.unprocessedCount < MAX_UNPROCESSED_RESENDS;
      assertEquals(retryReason(attempt), allowed ? "unprocessed" : undefined, JSON.stringify(attempt));
    }
    assertEquals(MAX_UNPROCESSED_RESENDS, 6);
  });

  it("takes nothing from the one resend", () => {
    const at = { method: "GET", sent: "full", reused: true, responded: false } as const;
    const stale = { ...at, repeatable: true, replayable: true, resendCount: 0, unprocessedCount: 6 };
    assertEquals(retryReason(stale), "stale-connection");
  });

  it("is a user's rule to decide, within the same bounds", () => {
    for (const attempt of proven) {
      const { responded, replayable, unprocessedCount } = attempt;
      const possible = replayable && !responded && unprocessedCount < MAX_UNPROCESSED_RESENDS;
      assertEquals(
        resendReason(attempt, () => true),
        possible ? "unprocessed" : undefined,
      );
      assertEquals(
        resendReason(attempt, () => false),
        undefined,
      );
      assertEquals(resendReason(attempt, false), undefined);
    }
  });
});

describe("a method is idempotent", () => {
  const rows: Record<string, boolean> = {
    GET: true,
    HEAD: true,
    OPTIONS: true,
    TRACE: true,
    PUT: true,
    DELETE: true,
    QUERY: true,
    POST: false,
    PATCH: false,
    CONNECT: false,
    PROPPATCH: false,
    get: false,
  };
  for (const [method, expected] of Object.entries(rows)) {
    it(`${method}: ${expected}`, () => assertEquals(isIdempotent(method), expected));
  }
});
