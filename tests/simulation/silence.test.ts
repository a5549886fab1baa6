/**
 * Silence: worlds in which boxes in between forget connections without a word, servers are slow for everybody, or nothing gets through
 * for seconds to hours. Each runtime plays its share of these; `main.ts` and `http2/main.ts` run more of them with
 * `--silence`.
 */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { partHere, playsAll } from "../support/share.ts";
import { Figures } from "./figures.ts";
import { silentPlanOf as http2PlanOf } from "./http2/plan.ts";
import { Http2World } from "./http2/world.ts";
import { addCases, blind, type Cases, type JudgeGroup } from "./judges.ts";
import type { Silence } from "./plan.ts";
import { runSeed } from "./run.ts";

/** Bun ends a test after 5 s by default, and a busy machine may need longer. */
const PATIENT = { timeout: 60_000 };

const THIRD = "dead connection found, the third or later of an origin";
/** In both worlds together, or in the one that Deno or Bun plays. */
const [FOUND, LOST] = playsAll ? [3, 10] : [1, 5];

async function run(silence: Silence, seeds: readonly number[], requests: number): Promise<Figures> {
  const figures = new Figures();
  for (const seed of partHere(seeds))
    assertEquals(await runSeed({ requests, days: undefined, kinds: [], silence }, seed, figures), undefined);
  if (playsAll) assertEquals(blind(figures.cases, silence), []);
  return figures;
}

/** How often something happened in worlds of HTTP/2. */
async function runHttp2(
  silence: "forgets" | "slow",
  seeds: readonly number[],
  requests: number,
  group: JudgeGroup = silence,
): Promise<(what: string) => number> {
  const sums = new Map<string, number>();
  const cases: Cases = {};
  for (const seed of partHere(seeds)) {
    const seen = await new Http2World(http2PlanOf(silence, seed, requests)).run();
    for (const [what, times] of Object.entries(seen.happened)) sums.set(what, (sums.get(what) ?? 0) + times);
    addCases(cases, seen.cases);
  }
  if (playsAll) assertEquals(blind(cases, group), []);
  return (what) => sums.get(what) ?? 0;
}

describe("where a box in between forgets connections", () => {
  it("no request meets a dead one after the third was found, among the next 1,000", PATIENT, async () => {
    const { faults } = await run("forgets", [17, 21], 1100);
    assert((faults[THIRD] ?? 0) >= FOUND, JSON.stringify(faults));
  });

  it("nor over HTTP/2", PATIENT, async () => {
    const times = await runHttp2("forgets", [3, 9], 1100);
    assert(times(THIRD) >= FOUND, `${times(THIRD)} times`);
  });

  it("no request uses a connection over HTTP/2 on which another got no answer", PATIENT, async () => {
    await runHttp2("forgets", [5, 6], 200, "http2Forgets");
  });
});

describe("a server that is slow for everybody", () => {
  it("teaches nothing", PATIENT, async () => {
    const { retired } = await run("slow", [3, 24], 400);
    assert((retired["no-answer"] ?? 0) > 0, "no request was in doubt");
  });

  it("teaches nothing over HTTP/2", PATIENT, async () => {
    await runHttp2("slow", [12, 14], 400);
  });
});

describe("a server that nothing reaches for seconds to hours", () => {
  it("is tried more and more rarely, however many requests wait", PATIENT, async () => {
    const { faults } = await run("out", [9, 22], 200);
    assert((faults["lost in an outage"] ?? 0) > LOST, JSON.stringify(faults));
  });
});
