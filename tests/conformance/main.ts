/**
 * Conformance: runs the same scenarios on every runtime, against a scripted server. Each scenario must leave its trace of
 * events, so the behaviour is the same everywhere. TLS uses the certificates of `tests/certs`.
 *
 *     main.ts                          all
 *     main.ts --only chunked           scenarios whose name contains the text
 *     main.ts --runtime bun            on one runtime; may be repeated
 *     main.ts --side-by-side [text]    the traces of all runtimes side by side
 */

import { parseArgs } from "node:util";
import { type Counts, countsLine, none, sum } from "../../scripts/test/counts.ts";
import { checkCoverage } from "./coverage.ts";
import { compare, verdictOn } from "./harness/judge.ts";
import type { Outcome } from "./harness/perform.ts";
import { type Run, runRuntime } from "./harness/run-runtime.ts";
import { type Runtime, runtimes } from "./harness/runtimes.ts";
import type { Scenario } from "./harness/scenario.ts";
import { scenarios } from "./scenarios/all.ts";

/** More at the same time would compete for the processors of a small machine. */
const RUNTIMES_AT_ONCE = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", default: "" },
    runtime: { type: "string", multiple: true, default: [] },
    "side-by-side": { type: "boolean", default: false },
  },
});
const only = values.only || positionals.join(" ");
const chosen = scenarios.filter(({ name }) => name.includes(only));
const wanted = runtimes().filter(({ name }) => values.runtime.length === 0 || values.runtime.includes(name));

async function runAll(): Promise<Map<string, Run>> {
  const runs = new Map<string, Run>();
  const waiting = [...wanted];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      if (next.launch === undefined) continue;
      const run = await runRuntime(next.launch, only);
      runs.set(next.name, run);
      console.log(`… ${next.name}: ${run.outcomes.size} scenarios in ${run.seconds.toFixed(1)} s`);
    }
  };
  await Promise.all(Array.from({ length: RUNTIMES_AT_ONCE }, work));
  return runs;
}

/** The runtimes that were run, in order, with their results of a scenario. */
function outcomesOf(scenario: Scenario, runs: ReadonlyMap<string, Run>): Map<string, Outcome | undefined> {
  return new Map(
    wanted.flatMap(({ name }) => {
      const run = runs.get(name);
      return run === undefined ? [] : [[name, run.outcomes.get(scenario.name)] as const];
    }),
  );
}

/** Counts a scenario once per runtime. Prints it if it failed on any, and why it was skipped. */
function reportScenario(scenario: Scenario, runs: ReadonlyMap<string, Run>): Counts {
  let counts = none;
  const reasons = new Map<string, string[]>();
  const outcomes = outcomesOf(scenario, runs);
  for (const [runtime, outcome] of outcomes) {
    counts = sum(counts, { ...none, [verdictOn(scenario, outcome)]: 1 });
    const { skipped } = outcome ?? {};
    if (skipped !== undefined) reasons.set(skipped, [...(reasons.get(skipped) ?? []), runtime]);
  }
  for (const [reason, names] of reasons) console.log(`- ${scenario.name}: ${reason} (${names.join(", ")})`);
  if (counts.failed > 0) console.log(`✖ ${scenario.name}`);
  if (values["side-by-side"]) console.log(`\n${scenario.name}\n${compare(scenario, outcomes, true)}`);
  else if (counts.failed > 0 && [...outcomes.values()].some((outcome) => outcome !== undefined))
    console.log(compare(scenario, outcomes));
  return counts;
}

function reportRuntime({ name, launch }: Runtime, run: Run | undefined): Counts {
  if (launch === undefined || run === undefined) {
    console.log(`- ${name}: not available for this platform`);
    return { ...none, skipped: chosen.length };
  }
  const verdicts = chosen.map((scenario) => verdictOn(scenario, run.outcomes.get(scenario.name)));
  const counts = verdicts.reduce((total, verdict) => sum(total, { ...none, [verdict]: 1 }), none);
  console.log(`${counts.failed > 0 || run.error !== undefined ? "✖" : "✔"} ${name}: ${countsLine(counts)}`);
  if (run.error === undefined) return none;
  console.log(`✖ ${name}: ${run.error}`);
  return { ...none, failed: 1 };
}

if (chosen.length === 0 || wanted.length === 0) {
  console.log("No scenario or no runtime matches.");
  process.exit(1);
}
const runs = await runAll();
const all = [
  ...chosen.map((scenario) => reportScenario(scenario, runs)),
  ...wanted.map((runtime) => reportRuntime(runtime, runs.get(runtime.name))),
  // Coverage is a property of all scenarios together.
  only === "" ? checkCoverage(scenarios) : none,
];
const counts = all.reduce(sum, none);
console.log(countsLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
