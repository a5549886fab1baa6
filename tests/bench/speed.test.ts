/** The speed bench: the conclusions that it draws from rounds. A step of npm test shows that it runs. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { chartOf } from "../../bench/speed/chart.ts";
import { goalResults } from "../../bench/speed/goals.ts";
import type { Round } from "../../bench/speed/round.ts";
import { SCENARIOS } from "../../bench/speed/scenarios.ts";
import { type Series, summarize } from "../../bench/speed/summary.ts";

const [small] = SCENARIOS;
const runtime = { name: "Node 24", version: "24.0.0", command: [], peers: [] };

function round(perSecond: number, clientBusy = 1, originBusy = 0.5): Round {
  const cpuMicros = (clientBusy * 1e6) / perSecond;
  return {
    answers: 1,
    requests: 1,
    p50Micros: 0,
    p99Micros: 0,
    perSecond,
    cpuMicros,
    clientBusy,
    originBusy,
    resumed: 0,
  };
}

function series(kind: string, ...rounds: Round[]): Series {
  if (small === undefined) throw new Error("There is no main scenario");
  return { scenario: small, runtime, kind, rounds };
}

describe("the speed bench", () => {
  it("takes the median of the rounds, and their spread", () => {
    const summary = summarize(series("ky", round(100), round(300), round(200)));
    assertEquals(summary?.perSecond, 200);
    assertEquals(summary?.spread, 1);
  });

  it("distinguishes an origin that was the bottleneck from a busy machine", () => {
    const cases = [
      { client: 1, origin: 0.5, originBound: false, disturbed: false },
      { client: 0.6, origin: 0.95, originBound: true, disturbed: false },
      { client: 0.6, origin: 0.5, originBound: false, disturbed: true },
    ];
    for (const { client, origin, originBound, disturbed } of cases) {
      const summary = summarize(series("ky", round(100, client, origin)));
      assertEquals([summary?.originBound, summary?.disturbed], [originBound, disturbed]);
    }
  });

  it("compares our rates with the goals", () => {
    const all = [series("holdfast fetch", round(700)), series("built-in fetch", round(100))];
    const [goal] = goalResults(all);
    assertEquals([goal?.byRate, goal?.met], [7, true]);
    const missed = goalResults([series("holdfast fetch", round(500)), series("built-in fetch", round(100))]);
    assertEquals(missed[0]?.met, false);
  });

  it("compares two ratios by CPU time, because the origin may bound one of the rates", () => {
    const scenario = SCENARIOS.find(({ name }) => name === "h2-nginx");
    if (scenario === undefined) throw new Error("There is no such scenario");
    const of = (kind: string, busy: number): Series => ({ ...series(kind, round(100, busy)), scenario });
    const http1 = [of("holdfast HTTP/1.1", 0.5), of("holdfast fetch HTTP/1.1", 0.6)];
    const met = (fetchBusy: number): boolean | undefined =>
      goalResults([of("holdfast request", 0.5), of("holdfast fetch", fetchBusy), ...http1]).find(
        ({ against }) => against !== undefined,
      )?.met;
    assertEquals([met(0.7), met(0.72)], [true, false]);
  });

  it("draws a bar for each measured client, and no chart without measurements", () => {
    const chart = chartOf([series("holdfast fetch", round(700)), series("built-in fetch", round(100))]);
    assertStringIncludes(chart ?? "", "Node 24: holdfast fetch 700, built-in fetch 100");
    assertEquals(chart?.match(/<rect/g)?.length, 2);
    assert(chartOf([]) === undefined);
  });
});
