/** Rehearsals: which rounds of a series of the speed bench count. The client is a stand-in that numbers its rounds. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { OPEN_REHEARSALS } from "../../bench/speed/open-lengths.ts";
import { takeRounds } from "../../bench/speed/round.ts";
import { SCENARIOS } from "../../bench/speed/scenarios.ts";
import type { Origin, Usage } from "../../bench/speed/start-origin.ts";
import type { Series } from "../../bench/speed/summary.ts";
import { PATIENT } from "../support/patience.ts";

/** A client that answers the order for its nth round with a rate of n. */
const NUMBERING = `
  let round = 0;
  process.stdin.on("data", (orders) => {
    for (const _ of String(orders).trim().split("\\n")) {
      round += 1;
      const times = { cpuMicros: 1, p50Micros: 1, p99Micros: 1 };
      console.log(JSON.stringify({ answers: 1, requests: 1, perSecond: round, ...times }));
    }
  });
`;

/** It does not count, as nghttpd does not. */
const usage: Usage = {
  cpuMicros: 0,
  requests: Number.NaN,
  open: 0,
  resumed: 0,
  made: Number.NaN,
  uploaded: Number.NaN,
};
const url = "http://127.0.0.1:1";
const origin: Origin = { url, urls: [url], native: true, usage: async () => usage, stop: () => {} };

function series(kind: string, arrivals?: number): Series {
  const [scenario] = SCENARIOS;
  if (scenario === undefined) throw new Error("There is no main scenario");
  const command = [process.execPath, "--eval", NUMBERING, "--"];
  const runtime = { name: "Node", version: "1", command, peers: [] };
  return { scenario, runtime, kind, rounds: [], ...(arrivals === undefined ? {} : { arrivals }) };
}

/** Which rounds of each client count, and which the caller was told of. */
async function counted(list: readonly Series[]): Promise<[counted: number[][], told: number[]]> {
  const told: number[] = [];
  await takeRounds(list, origin, { rounds: 2, warmMs: 1, runMs: 1 }, (round) => void told.push(round));
  assertEquals(
    list.map(({ failure }) => failure),
    list.map(() => undefined),
  );
  return [list.map(({ rounds }) => rounds.map(({ perSecond }) => perSecond)), told];
}

describe("the rounds of a series", PATIENT, () => {
  it("count all where requests wait for answers", async () => {
    const closed = [series("holdfast request"), series("holdfast fetch")];
    assertEquals(await counted(closed), [
      [
        [1, 2],
        [1, 2],
      ],
      [1, 2],
    ]);
  });

  it("count behind the rehearsals of an open loop, which the caller is told of", async () => {
    const first = OPEN_REHEARSALS + 1;
    const open = [series("holdfast request", 100), series("raw socket", 100)];
    assertEquals(await counted(open), [
      [
        [first, first + 1],
        [first, first + 1],
      ],
      Array.from({ length: first + 1 }, (_, before) => before + 1),
    ]);
  });
});
