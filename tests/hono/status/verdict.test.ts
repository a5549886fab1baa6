/** The verdict of the status page: each sentence, from the numbers that make it true. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { RETIRE_REASONS } from "../../../src/contract/reasons.ts";
import type { Bucket, OriginRow, Totals } from "../../../src/hono/status/protocol.ts";
import { reasonText } from "../../../status-page/reason-texts.ts";
import { verdict } from "../../../status-page/verdict.ts";

const totals: Totals = {
  open: 2,
  active: 1,
  idle: 1,
  connecting: 0,
  streams: 1,
  queued: 0,
  opened: 3,
  requests: 100,
  reused: 88,
  retries: 0,
  failures: 0,
  retired: {},
};
const bucket: Bucket = { at: 1, requests: 100, reused: 88, failed: 0, retried: 0, retired: {} };

function row(host: string, facts: Partial<OriginRow> = {}): OriginRow {
  const limits = { configured: "55s", announced: undefined, learned: undefined };
  return { ...totals, ...limits, origin: `https://${host}`, ...facts };
}

function said(
  facts: { totals?: Partial<Totals>; bucket?: Partial<Bucket>; origins?: readonly OriginRow[] } = {},
): string[] {
  const all = { ...totals, ...facts.totals };
  const history = [{ ...bucket, ...facts.bucket }];
  const { tone, headline, findings } = verdict({ totals: all, origins: facts.origins ?? [], history });
  return [tone, headline, ...findings.map((finding) => `${finding.tone}: ${finding.text}`)];
}

describe("the verdict", () => {
  const headline = "88 % reused: 100 requests in the last five minutes; 2 connections are open";

  it("is good where connections are used again and nothing fails", () => {
    assertEquals(said(), ["good", headline]);
  });

  it("is quiet without requests, and counts in the singular", () => {
    assertEquals(said({ totals: { open: 1 }, bucket: { requests: 0, reused: 0 } }), [
      "quiet",
      "No request in the last five minutes; 1 connection is open",
    ]);
  });

  it("names who waits, and where", () => {
    const origins = [
      row("a.test", { queued: 2 }),
      row("b.test"),
      row("c.test", { queued: 1 }),
      row("d.test", { queued: 9 }),
    ];
    assertEquals(said({ totals: { queued: 12 }, origins }), [
      "trouble",
      headline,
      "trouble: 12 requests wait for a free connection to a.test and c.test and 1 more",
    ]);
  });

  it("tells few failures from many", () => {
    assertEquals(said({ bucket: { requests: 101, failed: 1 } }).at(-1), "look: 1 request failed");
    assertEquals(said({ bucket: { failed: 1 } }).at(-1), "trouble: 1 request failed");
  });

  it("has the gravest first", () => {
    assertEquals(said({ bucket: { retried: 7, failed: 2 } }).slice(2), [
      "trouble: 2 requests failed",
      "look: 7 requests were sent again, because their connections had ended",
    ]);
  });

  it("tells what the pool has learned of two servers, and counts the others", () => {
    const origins = ["a.test", "b.test", "c.test"].map((host) => row(host, { learned: "5s" }));
    assertEquals(said({ origins }), [
      "good",
      headline,
      "good: a.test closes idle connections after about 5s; the pool ends them before",
      "good: b.test closes idle connections after about 5s; the pool ends them before",
      "good: The limits of 1 more origin are learned as well",
    ]);
  });

  it("says why few connections are used again, once there are enough requests", () => {
    const retired = { "peer-close": 5, aborted: 1 } as const;
    assertEquals(
      said({ bucket: { requests: 20, reused: 9, retired } }).at(-1),
      `look: Few connections are used again. Most ended as peer-close: ${reasonText("peer-close")}`,
    );
    assertEquals(said({ bucket: { requests: 20, reused: 10, retired } })[0], "good");
    assertEquals(said({ bucket: { requests: 19, reused: 0, retired } })[0], "good");
  });

  it("has a sentence for each reason, and none for one of a newer server", () => {
    for (const reason of RETIRE_REASONS) assertEquals(/^[A-Z].*\.$/.test(reasonText(reason)), true, reason);
    assertEquals(reasonText("of-tomorrow"), "");
  });
});
