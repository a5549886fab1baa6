/** Summary: turns rounds into medians, percentiles, spreads and verdicts. */

import { percentileOf } from "./latencies.ts";
import type { Round } from "./round.ts";
import type { Runtime } from "./runtimes.ts";
import type { Scenario } from "./scenarios.ts";

/** All rounds of one client in one scenario on one runtime. */
export interface Series {
  readonly scenario: Scenario;
  readonly runtime: Runtime;
  readonly kind: string;
  readonly rounds: Round[];
  /** Requests per second that come whether or not earlier ones were answered. */
  readonly arrivals?: number;
  /** The folder whose client it is. @default this checkout */
  readonly checkout?: string;
  /** Why there are no rounds, if there are none. */
  failure?: string;
}

/** The medians of a series, and the spread of its rounds. */
export interface Summary {
  readonly perSecond: number;
  readonly spread: number;
  readonly cpuMicros: number;
  readonly p50Micros: number;
  /** Of an open loop: of all rounds together. */
  readonly p99Micros: number;
  /** The p99 of the best round and of the worst, where all rounds are taken together. */
  readonly p99Range?: readonly [least: number, most: number];
  /** The p99 of each round, there. */
  readonly p99Rounds?: readonly number[];
  readonly maxMicros: number;
  /** The share of answers whose connection resumed a TLS session. */
  readonly resumed: number;
  /** The origin was busier than the client, and its CPU core was full. */
  readonly originBound: boolean;
  /** The client did not have its CPU core to itself. */
  readonly disturbed: boolean;
}

/** The median of some numbers. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The share from which a CPU core counts as full. */
const FULL = 0.9;

/** The summary of all rounds, or `undefined` if there are none. */
export function summarize({ rounds, scenario, arrivals }: Series): Summary | undefined {
  if (rounds.length === 0) return undefined;
  const middle = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const rates = rounds.map(({ perSecond }) => perSecond);
  const perSecond = middle((round) => round.perSecond);
  const clientBusy = middle((round) => round.clientBusy);
  const originBusy = middle((round) => round.originBusy);
  // With one connection, client and origin wait for each other, so that neither core is ever full. Nor is it where requests come.
  const waits = scenario.connections === 1 || arrivals !== undefined;
  const all = rounds.flatMap(({ latencies }) => (latencies === undefined ? [] : [latencies]));
  const p99s = rounds.map(({ p99Micros }) => p99Micros);
  return {
    perSecond,
    spread: (Math.max(...rates) - Math.min(...rates)) / perSecond,
    cpuMicros: middle((round) => round.cpuMicros),
    p50Micros: middle((round) => round.p50Micros),
    ...(all.length === 0
      ? { p99Micros: median(p99s) }
      : {
          p99Micros: percentileOf(all, 0.99),
          p99Range: [Math.min(...p99s), Math.max(...p99s)] as const,
          p99Rounds: p99s.map(Math.round),
        }),
    maxMicros: middle((round) => round.maxMicros ?? 0),
    resumed: middle((round) => round.resumed),
    originBound: clientBusy < FULL && originBusy >= FULL,
    disturbed: !waits && clientBusy < FULL && originBusy < FULL,
  };
}

/** Whether a client must not fail. Those under other libraries are ours as well. */
export function isOurs(kind: string): boolean {
  return kind.startsWith("holdfast") || kind === "built-in fetch";
}
