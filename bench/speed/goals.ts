/** Goals: the speed ratios that Holdfast wants to keep, and whether it does. */

import { find, type Series } from "./summary.ts";

/** One goal: one of our clients compared with another, in requests per second. */
interface Goal {
  readonly runtime: string;
  readonly client: string;
  readonly beside: string;
  readonly atLeast: number;
}

const GOALS: readonly Goal[] = [
  { runtime: "Node 24", client: "holdfast fetch", beside: "built-in fetch", atLeast: 6 },
  { runtime: "Node 24", client: "holdfast request", beside: "undici dispatch", atLeast: 1.5 },
  { runtime: "Node 24", client: "holdfast request", beside: "undici request", atLeast: 2 },
  { runtime: "Node 24", client: "holdfast request", beside: "raw socket", atLeast: 0.8 },
  { runtime: "Deno", client: "holdfast fetch", beside: "built-in fetch", atLeast: 1.9 },
  { runtime: "Deno", client: "holdfast request", beside: "built-in fetch", atLeast: 3 },
  { runtime: "Deno", client: "holdfast request", beside: "raw socket", atLeast: 0.72 },
  { runtime: "Bun", client: "holdfast fetch", beside: "built-in fetch", atLeast: 1.35 },
  { runtime: "Bun", client: "holdfast request", beside: "built-in fetch", atLeast: 1.8 },
  { runtime: "Bun", client: "holdfast request", beside: "raw socket", atLeast: 0.66 },
];

/** A goal with the measured ratio. */
export interface GoalResult extends Goal {
  readonly byRate: number;
  /** The ratio by CPU time, which a busy machine disturbs less. */
  readonly byCpu: number;
  readonly met: boolean;
}

/** The goals that could be measured. */
export function goalResults(series: readonly Series[]): GoalResult[] {
  return GOALS.flatMap((goal) => {
    const own = find(series, "small", goal.runtime, goal.client);
    const other = find(series, "small", goal.runtime, goal.beside);
    if (own === undefined || other === undefined) return [];
    const byRate = own.perSecond / other.perSecond;
    return [{ ...goal, byRate, byCpu: other.cpuMicros / own.cpuMicros, met: byRate >= goal.atLeast }];
  });
}
