/** Compare: what a drawn call comes to with the built-in `fetch` and with a pool's, and which differences nothing explains. */

import { createPool } from "../../../mod.ts";
import { DIFFERENCES, type Difference } from "./differences.ts";
import { type Draw, draw, type Subject } from "./draw.ts";
import { type Outcome, observe, WHY } from "./observe.ts";

/** One thing that is otherwise. `undefined`: one side has it, and the other has not. */
export interface Differing {
  readonly what: string;
  readonly builtIn: string | undefined;
  readonly pool: string | undefined;
}

export interface Comparison {
  readonly draw: Draw;
  readonly builtIn: Outcome;
  readonly pool: Outcome;
  readonly unexplained: readonly Differing[];
  /** What explains the rest. */
  readonly explained: ReadonlySet<Difference>;
}

export async function compare(seed: number, subject?: Subject): Promise<Comparison> {
  const drawn = draw(seed, subject);
  const builtIn = await observe(fetch, drawn);
  const pool = createPool();
  try {
    return judged(drawn, builtIn, await observe(pool.fetch, drawn));
  } finally {
    await pool.close({ timeout: 0 });
  }
}

export function inWords({ what, builtIn, pool }: Differing): string {
  const shown = (said: string | undefined) =>
    said === undefined ? "nothing" : JSON.stringify(said).slice(0, 300);
  return `${what}: ${shown(builtIn)} by the built-in fetch, ${shown(pool)} by the pool's`;
}

function judged(drawn: Draw, builtIn: Outcome, pool: Outcome): Comparison {
  const explained = new Set<Difference>();
  const unexplained = differingOf(builtIn, pool).filter((one) => {
    const reasons = DIFFERENCES.filter((difference) => explains(difference, drawn, one, [builtIn, pool]));
    for (const reason of reasons) explained.add(reason);
    return reasons.length === 0;
  });
  return { draw: drawn, builtIn, pool, unexplained, explained };
}

function differingOf(builtIn: Outcome, pool: Outcome): Differing[] {
  const both = [...new Set([...builtIn.keys(), ...pool.keys()])];
  const common = Math.min(requestsOf(builtIn), requestsOf(pool));
  const all = both
    .filter((what) => what !== WHY && !isBeyond(what, common))
    .map((what) => ({ what, builtIn: builtIn.get(what), pool: pool.get(what) }));
  const differing = all.filter((one) => one.builtIn !== one.pool);
  // A call that failed has nothing to compare but what its servers were sent.
  return differing.some(({ what }) => what === "call")
    ? differing.filter(({ what }) => what === "call" || /^request/.test(what))
    : differing;
}

const requestsOf = (outcome: Outcome): number => Number(outcome.get("requests"));

/** Whether it is about a request that only one side has sent. */
function isBeyond(what: string, common: number): boolean {
  return Number(/^request (\d+) /.exec(what)?.[1] ?? 0) > common;
}

function explains(
  { what, builtIn, pool, builtInSays, poolSays, when }: Difference,
  drawn: Draw,
  differing: Differing,
  [theirs, ours]: readonly [Outcome, Outcome],
): boolean {
  const holds = (pattern: RegExp | undefined, text = "(none)") => pattern === undefined || pattern.test(text);
  return (
    what.test(differing.what) &&
    holds(builtIn, differing.builtIn) &&
    holds(pool, differing.pool) &&
    holds(builtInSays, theirs.get(WHY)) &&
    holds(poolSays, ours.get(WHY)) &&
    (when?.(drawn) ?? true)
  );
}
