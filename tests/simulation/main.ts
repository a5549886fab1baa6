/**
 * The simulation, for as long as you like.
 *
 * ```sh
 * node --import tsx tests/simulation/main.ts                          # 100 seeds of 500 requests
 * node --import tsx tests/simulation/main.ts --seeds 20000 --from 1   # more
 * node --import tsx tests/simulation/main.ts --seconds 600            # as many as fit
 * node --import tsx tests/simulation/main.ts --total 10000000 --jobs 2   # this many requests, in two processes at a
 * time
 * node --import tsx tests/simulation/main.ts --without codings,pairs  # leave out some dimensions
 * node --import tsx tests/simulation/main.ts --replay 4711            # one seed, told step by step
 * node --import tsx tests/simulation/main.ts --replay 4715 --neighbours  # the two pools beside a world; --pair: as well
 * node --import tsx tests/simulation/main.ts --silence forgets --requests 2000   # boxes in between forget connections
 * node --import tsx tests/simulation/main.ts --silence slow                      # servers are slow for everybody
 * node --import tsx tests/simulation/main.ts --silence out                       # nothing gets through for seconds to hours
 * node --import tsx tests/simulation/main.ts --days 30 --requests 50000 --seeds 3   # a month each
 * ```
 */

import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { kindsOf } from "./dimensions.ts";
import { Fleet } from "./fleet.ts";
import { NeighboursWorld } from "./neighbours.ts";
import { PairWorld } from "./pair.ts";
import { report } from "./report.ts";
import { planFor, type RunOptions } from "./run.ts";
import { World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    requests: { type: "string", default: "500" },
    total: { type: "string", default: "Infinity" },
    seconds: { type: "string", default: "Infinity" },
    jobs: { type: "string", default: String(availableParallelism()) },
    only: { type: "string" },
    without: { type: "string" },
    replay: { type: "string" },
    pair: { type: "boolean", default: false },
    neighbours: { type: "boolean", default: false },
    silence: { type: "string" },
    days: { type: "string" },
    tail: { type: "string", default: "200" },
    failures: { type: "string", default: "20" },
    "keep-going": { type: "boolean", default: false },
  },
});

const runOptions: RunOptions = {
  requests: Number(values.requests),
  days: values.days === undefined ? undefined : Number(values.days),
  kinds: kindsOf(values.only, values.without),
  silence: silenceOf(values.silence),
};

function silenceOf(name: string | undefined): RunOptions["silence"] {
  if (name === undefined || name === "forgets" || name === "slow" || name === "out") return name;
  throw new Error(`--silence is "forgets", "slow" or "out", not ${name}`);
}

if (values.replay !== undefined) await replay(Number(values.replay));
else await runFleet();

/** With what happens in it as text. */
function worldOf(seed: number): World | PairWorld | NeighboursWorld {
  if (values.pair) return new PairWorld(seed, runOptions.requests, true);
  if (values.neighbours) return new NeighboursWorld(seed, runOptions.requests, true);
  return new World(planFor(runOptions, seed), true);
}

async function replay(seed: number): Promise<void> {
  const world = worldOf(seed);
  let verdict = "sound";
  try {
    await world.run();
  } catch (error) {
    verdict = String(error);
  }
  console.log(JSON.stringify(world.plan, (_, value) => (value === Infinity ? "Infinity" : value), 2));
  console.log(world.trace.lines.slice(-Number(values.tail)).join("\n"));
  console.log(`${verdict}\nhash ${world.trace.hash}`);
}

async function runFleet(): Promise<void> {
  const [total, seconds] = [Number(values.total), Number(values.seconds)];
  const endless = total !== Infinity || seconds !== Infinity;
  const seeds = Number(values.seeds ?? (endless ? Infinity : 100));
  const failures = values["keep-going"] ? Infinity : Number(values.failures);
  const jobs = Math.max(1, Number(values.jobs));
  const fleet = new Fleet({
    ...runOptions,
    from: Number(values.from),
    jobs,
    seeds,
    total,
    seconds,
    failures,
  });
  const ticker = setInterval(() => tellProgress(fleet), 15_000);
  process.once("SIGINT", () => {
    fleet.stop();
    console.log("interrupted");
  });
  await fleet.run();
  clearInterval(ticker);
  tellResult(fleet);
}

function tellProgress({ figures, seed, seconds, secondsLeft, failures }: Fleet): void {
  const rate = Math.round(figures.requests / seconds);
  const eta = secondsLeft === Infinity ? "" : `, ${(secondsLeft / 60).toFixed(1)} min left`;
  const broken = failures.length === 0 ? "" : `, ${failures.length} broke an invariant`;
  console.log(
    `${figures.worlds} worlds to seed ${seed}, ${figures.requests} requests, ${rate}/s${eta}${broken}`,
  );
}

function tellResult({ figures, failures, seconds }: Fleet): void {
  console.log(report(figures, seconds));
  console.log(
    failures.length === 0 ? "No invariant was broken." : `${failures.length} seeds broke an invariant.`,
  );
  process.exitCode = failures.length === 0 ? 0 : 1;
}
