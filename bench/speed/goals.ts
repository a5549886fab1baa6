/** Goals: how a figure of ours is compared with those of others, and whether it is as good as it shall be. `goal-list.ts` has them all. */

import { ratioOf as ratioOfPairs } from "../ab/pairs.ts";
import { find, type Part, partOf } from "./results.ts";
import type { Summary } from "./summary.ts";
import { times } from "./table.ts";

/** What was measured for a goal. */
export interface Verdict {
  /** The figure that counts. */
  readonly value: string;
  /** The ratio by CPU time, which a busy machine disturbs less. */
  readonly byCpu?: string;
  readonly met: boolean;
}

/** One goal. */
export interface Goal {
  readonly section: string;
  readonly runtime: string;
  readonly what: string;
  /** The goal in words. Some depend on the processor. */
  goal(processor: string): string;
  /** `undefined` if a figure is missing. */
  verdict(parts: readonly Part[]): Verdict | undefined;
}

/** A goal with what was measured. */
export interface GoalRow extends Pick<Goal, "section" | "runtime" | "what"> {
  readonly goal: string;
  /** The day on which it was measured. */
  readonly date: string;
  readonly verdict: Verdict | undefined;
}

/** The goals whose section was run on their runtime. */
export function goalRows(goals: readonly Goal[], parts: readonly Part[]): GoalRow[] {
  return goals.flatMap((goal) => {
    const { section, runtime, what } = goal;
    const measured = partOf(parts, section, runtime)?.measured;
    if (measured === undefined) return [];
    const { date, processor } = measured;
    return [{ section, runtime, what, goal: goal.goal(processor), date, verdict: goal.verdict(parts) }];
  });
}

/** Of those that take part, the best. A raw socket is none, nor is another call of ours. */
export const BEST_PEER = "the best peer";

const isPeer = (kind: string): boolean => !/^(holdfast|raw) /.test(kind);

function peersOf(parts: readonly Part[], section: string, runtime: string): Summary[] {
  const rows = partOf(parts, section, runtime)?.rows ?? [];
  return rows.flatMap(({ kind, summary }) => (isPeer(kind) && summary !== undefined ? [summary] : []));
}

/** The highest rate of the peers. */
export function bestPeer(parts: readonly Part[], section: string, runtime: string): Summary | undefined {
  return peersOf(parts, section, runtime).sort((one, other) => other.perSecond - one.perSecond)[0];
}

/** How many times as many requests per second one of our clients makes as another. */
export interface RatioGoal {
  readonly section: string;
  readonly runtime: string;
  readonly client: string;
  readonly beside: string;
  readonly atLeast: number | ((processor: string) => number);
  /** The ratio by CPU time that is wanted as well. */
  readonly atLeastByCpu?: number;
  /**
   * The ratio is divided by that of these two, as far as that is no more than 1: `fetch()` does what `request()` does, and more, so
   * that a larger one is noise. It counts by CPU time: the origin may bound any of the four by rate.
   */
  readonly against?: readonly [client: string, beside: string];
}

/** As the table has it: what reads 1.00 is as good as 1. */
const shown = (ratio: number): number => Math.round(ratio * 100) / 100;

/** A goal for a ratio. */
export function ratioGoal(given: RatioGoal): Goal {
  const { section, runtime, client, beside, against, atLeast, atLeastByCpu = 0 } = given;
  const least = typeof atLeast === "number" ? () => atLeast : atLeast;
  return {
    section,
    runtime,
    what: `${client} beside ${beside}${against === undefined ? "" : ", against the same over HTTP/1.1"}`,
    goal: (processor) => `≥ ${least(processor)} ×`,
    verdict(parts) {
      const own = ratioOf(parts, given, client, beside);
      const other = against === undefined ? ONE : ratioOf(parts, given, ...against);
      const measured = partOf(parts, section, runtime)?.measured;
      if (own === undefined || other === undefined || measured === undefined) return undefined;
      const byRate = shown(own.byRate / Math.min(1, other.byRate));
      const byCpu = shown(own.byCpu / Math.min(1, other.byCpu));
      const wanted = least(measured.processor);
      const met = against === undefined ? byRate >= wanted && byCpu >= shown(atLeastByCpu) : byCpu >= wanted;
      return { value: times(byRate), byCpu: times(byCpu), met };
    },
  };
}

interface Ratio {
  readonly byRate: number;
  readonly byCpu: number;
}

const ONE: Ratio = { byRate: 1, byCpu: 1 };

function ratioOf(
  parts: readonly Part[],
  { section, runtime }: Pick<RatioGoal, "section" | "runtime">,
  client: string,
  beside: string,
): Ratio | undefined {
  const own = find(parts, section, runtime, client);
  const other =
    beside === BEST_PEER ? bestPeer(parts, section, runtime) : find(parts, section, runtime, beside);
  if (own === undefined || other === undefined) return undefined;
  return { byRate: own.perSecond / other.perSecond, byCpu: other.cpuMicros / own.cpuMicros };
}

/**
 * No answer in a hundred may take longer than with the peer that is best at that. A peer that does not keep up is none. The requests of
 * all rounds decide. Beside that stands the median of the pairs of rounds with its interval, which a busy machine disturbs less.
 */
export function latencyGoal(section: string, runtime: string): Goal {
  return {
    section,
    runtime,
    what: `p99 of holdfast request beside that of ${BEST_PEER}`,
    goal: () => "≤ 1 ×",
    verdict(parts) {
      const own = find(parts, section, runtime, "holdfast request");
      const [best] = peersOf(parts, section, runtime).sort((one, other) => one.p99Micros - other.p99Micros);
      if (own === undefined || best === undefined) return undefined;
      const ratio = own.p99Micros / best.p99Micros;
      return {
        value: `${Math.round(own.p99Micros)} µs, ${times(ratio)}${inPairs(own, best)}`,
        met: ratio <= 1,
      };
    },
  };
}

/** Round by round. Results of older versions do not have them. */
function inPairs({ p99Rounds: own = [] }: Summary, { p99Rounds: other = [] }: Summary): string {
  if (own.length === 0 || own.length !== other.length) return "";
  const { middle, low, high } = ratioOfPairs(own, other);
  return `; round by round ${times(middle)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** A figure that may be no larger than a limit, which may be that of a peer. */
export interface CeilingGoal {
  readonly section: string;
  readonly runtime: string;
  readonly what: string;
  readonly goal: string;
  readonly unit: string;
  own(part: Part): number | undefined;
  limit(part: Part): number | undefined;
}

/** A goal for such a figure. */
export function ceilingGoal({ section, runtime, what, goal, unit, own, limit }: CeilingGoal): Goal {
  return {
    section,
    runtime,
    what,
    goal: () => `≤ ${goal}`,
    verdict(parts) {
      const part = partOf(parts, section, runtime);
      const [value, most] = part === undefined ? [] : [own(part), limit(part)];
      if (value === undefined || most === undefined || Number.isNaN(value + most)) return undefined;
      const beside = goal === format(most, unit) ? "" : `, beside ${format(most, unit)}`;
      return { value: `${format(value, unit)}${beside}`, met: value <= most };
    },
  };
}

function format(value: number, unit: string): string {
  const digits = unit === "bytes" ? 0 : 1;
  return `${value.toLocaleString("en", { maximumFractionDigits: digits })} ${unit}`;
}
