/**
 * The outside tests: packages that people hand `pool.fetch` to, driven by their own clients against a local server, with
 * the built-in fetch and with a pool's.
 *
 * ```sh
 * npm run outside                                   # all packages on all runtimes; writes docs/sdks.md
 * npm run outside -- --only openai,ky               # some packages, by the names of their files; writes nothing
 * npm run outside -- --only openai --runtime bun --verbose
 * npm run outside -- --newest                       # takes the newest versions from npm first
 * ```
 *
 * Exit code: 1 for a difference that `differences.ts` does not explain, and for a step that fails with both fetches.
 */

import { readdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { root } from "../../scripts/entries.ts";
import { type Comparison, compare } from "./compare.ts";
import { DIFFERENCES } from "./differences.ts";
import type { Driver } from "./driver.ts";
import { installPackages } from "./install.ts";
import { brokenSteps, count, deviations, page, unexplainedTypes } from "./report.ts";
import { RUNTIMES, type Runtime, titles } from "./runtimes.ts";
import { type DriverError, typeErrors } from "./types.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    runtime: { type: "string", default: RUNTIMES.join(",") },
    newest: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
  },
});

const wanted = values.only.split(",").filter((name) => name !== "");
const files = readdirSync(new URL("./drivers/", import.meta.url))
  .filter((file) => wanted.length === 0 || wanted.includes(file.replace(".ts", "")))
  .sort();
const runtimes = RUNTIMES.filter((runtime) => values.runtime.split(",").includes(runtime));
const whole = wanted.length === 0 && runtimes.length === RUNTIMES.length;

if (files.length === 0) refuse(`No driver is called ${values.only}: see tests/outside/drivers.`);
else if (runtimes.length === 0) refuse(`No runtime is called ${values.runtime}.`);
else if (!(await installPackages(values.newest))) refuse("The packages could not be installed.");
else await judge();

function refuse(why: string): void {
  console.error(why);
  process.exitCode = 1;
}

async function judge(): Promise<void> {
  const comparisons = await compareAll();
  console.log("Types …");
  const types = await typeErrors(files);
  for (const { file, check, text } of types) console.log(`  ${file}, ${check}: ${text}`);
  const faults = [...printDeviations(comparisons), ...brokenSteps(comparisons), ...typeFaults(types)];
  if (whole) writeFileSync(`${root}docs/sdks.md`, page(comparisons, types));
  for (const fault of faults) console.error(`✗ ${fault}`);
  console.log(`${files.length} packages, ${faults.length} faults${whole ? "; docs/sdks.md is written" : ""}`);
  process.exitCode = faults.length > 0 ? 1 : 0;
}

/** Two at a time and more: most of a comparison is the start of a runtime. */
async function compareAll(): Promise<Comparison[]> {
  const work = files.flatMap((file) => runtimes.map((runtime) => ({ file, runtime })));
  const results: Comparison[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let job = work[next++]; job !== undefined; job = work[next++]) {
      results.push(await compareOne(job.file, job.runtime));
      printProgress(results.length, work.length, results.at(-1));
    }
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, worker));
  return results;
}

async function compareOne(file: string, runtime: Runtime): Promise<Comparison> {
  const { driver } = (await import(new URL(`./drivers/${file}`, import.meta.url).href)) as { driver: Driver };
  return compare(file, driver, runtime);
}

function printProgress(done: number, of: number, result: Comparison | undefined): void {
  if (result === undefined) return;
  const { driver, runtime, pool, builtIn, log } = result;
  console.log(
    `[${done}/${of}] ${driver.name}, ${titles[runtime]}: ${count(pool)} with the pool, ${count(builtIn)} built in`,
  );
  if (!values.verbose) return;
  for (const [step, { ok, saw }] of Object.entries(pool.steps))
    console.log(`  ${ok ? "✓" : "✗"} ${step}: ${saw}`);
  if (log.trim() !== "") console.log(log);
}

/** Prints all, and gives those that are faults. */
function printDeviations(comparisons: readonly Comparison[]): string[] {
  const all = deviations(comparisons);
  if (whole)
    for (const row of DIFFERENCES.filter((one) => all.every((deviation) => deviation.row !== one)))
      console.log(`No longer differs, remove its row: ${row.steps.join(", ")}, ${row.reason}`);
  return all
    .filter(({ row }) => row === undefined)
    .map(
      ({ name, runtime, step, builtIn, pool }) =>
        `${name}, ${titles[runtime]}, ${step} differs:\n    built in: ${builtIn.saw}\n    pool:     ${pool.saw}`,
    );
}

function typeFaults(types: readonly DriverError[]): string[] {
  return unexplainedTypes(types).map(({ file, check, text }) => `${file}, types of ${check}: ${text}`);
}
