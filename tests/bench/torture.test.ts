/** A short run of bench/torture, on this runtime. bench/torture/main.ts is the full proof. */

import { describe, it } from "node:test";
import { assertEquals, assertGreater } from "@std/assert";
import type { ClientName } from "../../bench/torture/clients.ts";
import { type Figures, judge } from "../../bench/torture/judge.ts";
import { FATE } from "../../bench/torture/ledger.ts";
import { OUTCOME } from "../../bench/torture/protocol.ts";
import { torture } from "../../bench/torture/run.ts";
import { isIdempotent, plan } from "../../bench/torture/schedule.ts";
import { PATIENCE_MS } from "../support/patience.ts";
import { here } from "./here.ts";

const REQUESTS = 1500;
/** `node:http` through an agent as well; and on Node, undici's fetch through a dispatcher. */
const CLIENTS: readonly ClientName[] = [
  "holdfast-request",
  "holdfast-fetch",
  "holdfast-undici-fetch",
  "holdfast-node",
];

describe("torture", () => {
  it("Holdfast fails no request that a resend can save, sends no POST twice, accepts no stray byte and leaks no socket", {
    timeout: 5 * PATIENCE_MS,
  }, async () => {
    const results = await torture({
      server: here,
      runtime: here,
      clients: here.clients.filter((client) => CLIENTS.includes(client)),
      requests: REQUESTS,
      seed: 3,
      progress: () => {},
    });
    for (const figures of results.values()) {
      const { failedIdempotent, duplicatedPosts, wrongAnswers, leaked, hung } = figures;
      assertEquals(
        { failedIdempotent, duplicatedPosts, wrongAnswers, leaked, hung },
        ALL_WELL,
        figures.samples.join(),
      );
      // The run proves something only if the server's faults happened.
      assertGreater(figures.failedPosts, 0);
      assertGreater(figures.excused, 0);
    }
  });
});

const ALL_WELL = { failedIdempotent: 0, duplicatedPosts: 0, wrongAnswers: 0, leaked: 0, hung: 0 };

/** A judge that notices nothing would find every client flawless. */
describe("the judge of the torture", () => {
  const SEED = 1;
  const [get, post] = [true, false].map((idempotent) => {
    const indexes = Array.from({ length: 50 }, (_, index) => index);
    return indexes.find((index) => isIdempotent(plan(SEED, index).method) === idempotent) as number;
  }) as [number, number];

  function judged(index: number, outcome: number, executions: number, fate: number): Partial<Figures> {
    const evidence = {
      outcomes: new Uint8Array(50).fill(OUTCOME.right),
      executions: new Uint8Array(50).fill(1),
      fates: new Uint8Array(50).fill(FATE.seen),
    };
    evidence.outcomes[index] = outcome;
    evidence.executions[index] = executions;
    evidence.fates[index] = fate;
    const about = {
      seed: SEED,
      leaked: 0,
      connections: 1,
      elapsedMs: 1,
      errors: {},
      samples: [],
      closes: true,
    };
    const figures = Object.entries(judge({ ...evidence, ...about }));
    return Object.fromEntries(figures.filter(([name, value]) => COUNTS.has(name) && value !== 0));
  }

  const COUNTS = new Set([
    "failedIdempotent",
    "duplicatedPosts",
    "wrongAnswers",
    "hung",
    "failedPosts",
    "excused",
    "crossed",
  ]);
  const rows: readonly [what: string, given: Parameters<typeof judged>, found: Partial<Figures>][] = [
    ["nothing to complain of", [get, OUTCOME.right, 1, FATE.seen], {}],
    ["a GET executed twice", [get, OUTCOME.right, 2, FATE.seen], {}],
    [
      "a GET that a resend would have saved",
      [get, OUTCOME.failed, 0, FATE.seen | FATE.mendable],
      { failedIdempotent: 1 },
    ],
    ["a GET that the server never saw", [get, OUTCOME.failed, 0, 0], { failedIdempotent: 1 }],
    ["a GET on a fresh connection", [get, OUTCOME.failed, 0, FATE.seen | FATE.fresh], { excused: 1 }],
    ["a POST that failed", [post, OUTCOME.failed, 1, FATE.seen | FATE.mendable], { failedPosts: 1 }],
    ["a POST executed twice", [post, OUTCOME.right, 2, FATE.seen], { duplicatedPosts: 1 }],
    [
      "a POST executed twice that failed",
      [post, OUTCOME.failed, 2, FATE.seen],
      { duplicatedPosts: 1, failedPosts: 1 },
    ],
    ["an answer to something else", [get, OUTCOME.wrong, 1, FATE.seen], { wrongAnswers: 1 }],
    ["an answer that was under way", [get, OUTCOME.wrong, 1, FATE.seen | FATE.crossed], { crossed: 1 }],
    ["an answer out of nothing", [get, OUTCOME.right, 0, 0], { wrongAnswers: 1 }],
    ["no end", [get, OUTCOME.hung, 1, FATE.seen], { hung: 1 }],
  ];
  for (const [what, given, found] of rows) {
    it(`finds ${what}`, () => assertEquals(judged(...given), found));
  }
});
