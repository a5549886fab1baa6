/**
 * The simulation, for as long as you like.
 *
 * ```sh
 * node --import tsx tests/simulation/main.ts                          # 100 seeds of 500 requests
 * node --import tsx tests/simulation/main.ts --seeds 20000 --from 1   # more
 * node --import tsx tests/simulation/main.ts --seconds 600            # as many as fit
 * node --import tsx tests/simulation/main.ts --replay 4711            # one of them, told step by step
 * node --import tsx tests/simulation/main.ts --days 30 --requests 50000 --seeds 3   # a month each
 * ```
 */

import { parseArgs } from "node:util";
import { Figures } from "./figures.ts";
import { longPlanOf, type Plan, planOf } from "./plan.ts";
import { report } from "./report.ts";
import { Violation, World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    requests: { type: "string", default: "500" },
    seconds: { type: "string", default: "Infinity" },
    replay: { type: "string" },
    days: { type: "string" },
    tail: { type: "string", default: "200" },
    "keep-going": { type: "boolean", default: false },
  },
});

const requests = Number(values.requests);
if (values.replay !== undefined) await replay(Number(values.replay));
else await runSeeds(Number(values.seeds ?? (values.seconds === "Infinity" ? 100 : Infinity)));

function plan(seed: number): Plan {
  return values.days === undefined ? planOf(seed, requests) : longPlanOf(seed, requests, Number(values.days));
}

async function replay(seed: number): Promise<void> {
  const world = new World(plan(seed), true);
  let verdict = "sound";
  try {
    await world.run();
  } catch (error) {
    verdict = String(error);
  }
  console.log(JSON.stringify(plan(seed), (_, value) => (value === Infinity ? "Infinity" : value), 2));
  console.log(world.trace.lines.slice(-Number(values.tail)).join("\n"));
  console.log(`${verdict}\nhash ${world.trace.hash}`);
}

async function runSeeds(seeds: number): Promise<void> {
  const started = performance.now();
  const figures = new Figures();
  let told = started;
  const failures: string[] = [];
  const from = Number(values.from);
  const elapsed = (): number => (performance.now() - started) / 1000;
  for (let seed = from; seed < from + seeds && elapsed() < Number(values.seconds); seed++) {
    const world = new World(plan(seed));
    try {
      await world.run();
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      failures.push(error.message);
      console.log(`${error.message}\n  replay: --requests ${requests} --replay ${seed}`);
      if (values["keep-going"] === false) break;
    }
    figures.add(world.figures);
    if (performance.now() - told < 10_000) continue;
    told = performance.now();
    console.log(
      `${figures.worlds} seeds, ${figures.requests} requests, ${Math.round(figures.requests / elapsed())}/s`,
    );
  }
  console.log(report(figures, elapsed()));
  console.log(
    failures.length === 0 ? "No invariant was broken." : `${failures.length} seeds broke an invariant.`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}
