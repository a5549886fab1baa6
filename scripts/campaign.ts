/**
 * Campaign: runs all long tests for as long as you like: the simulation, random lives of the core, the saboteur, the
 * fuzzers of the parser, the mutations, the torture and the soak. It ends with one table, and exit code 1 for a failure.
 *
 * ```sh
 * npm run campaign                                       # ten minutes, shared out
 * npm run campaign -- --minutes 60
 * npm run campaign -- --minutes 5 --only simulation,soak
 * npm run campaign -- --from 4711                        # the seeds of another run
 * npm run campaign -- --list                             # the parts and their shares
 * ```
 *
 * Ctrl-C ends the running part, which still reports its results, and prints the table. A second Ctrl-C ends at once.
 */

import process from "node:process";
import { HELP, readArguments } from "./campaign/arguments.ts";
import { type Clues, follow, type ProcessOutput } from "./campaign/follow.ts";
import { commandLine, PARTS, type Part, type Reading, shares } from "./campaign/parts.ts";
import { type Row, tableOf } from "./campaign/table.ts";
import { understood } from "./command-line.ts";

/** Time between two lines of progress. */
const PROGRESS_MS = 15_000;

/** npm passes on a Ctrl-C that the terminal has sent us already. A second one within this time is the same one. */
const SAME_MS = 1000;

/** How many lines of a failed part are shown. */
const MOST_LINES = 40;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const given = understood(() => readArguments(argv, PARTS), "See npm run campaign -- --help.");
  if (given === undefined) return 2;
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  const seconds = shares(given.parts, given.minutes * 60);
  if (given.list) {
    for (const { name, title } of given.parts)
      console.log(`${name.padEnd(14)} ${`${Math.round(seconds(name))} s`.padStart(6)}  ${title}`);
    return 0;
  }
  console.log(
    `${given.minutes} min from seed ${given.from}: ${given.parts.map(({ name }) => name).join(", ")}`,
  );
  const interrupt = interruption();
  const rows: Row[] = [];
  for (const part of given.parts)
    rows.push(interrupt.aborted ? notRun(part) : await row(part, seconds(part.name), given.from, interrupt));
  console.log(`\n${tableOf(rows)}`);
  if (interrupt.aborted) console.log("Interrupted: this is what is known so far.");
  if (rows.some(({ failures }) => failures > 0)) return 1;
  return interrupt.aborted ? 130 : 0;
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  let since = Infinity;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      if (performance.now() - since > SAME_MS) process.exit(130);
      since = Math.min(since, performance.now());
      controller.abort();
    });
  }
  return controller.signal;
}

function notRun({ name }: Part): Row {
  return { name, work: "not run", failures: 0, seconds: 0, replay: [] };
}

/** Runs one part and prints its progress. */
async function row(part: Part, seconds: number, from: number, interrupt: AbortSignal): Promise<Row> {
  console.log(`▶ ${part.name}: ${part.title}, ${Math.round(seconds)} s`);
  const tell = ({ elapsed, last }: { elapsed: number; last: string }): void =>
    console.log(`… ${part.name} ${Math.round(elapsed)} s: ${last || "at work"}`);
  const clues = await follow(part, { seconds, from, interrupt, tell, everyMs: PROGRESS_MS });
  const found = rowOf(part, clues);
  const mark = found.failures > 0 ? "✖" : "✔";
  console.log(
    `${mark} ${part.name}: ${found.work}, ${found.failures} failures, ${clues.seconds.toFixed(1)} s`,
  );
  if (found.failures > 0) console.log(lastWords(clues));
  return found;
}

function lastWords({ runs }: Clues): string {
  return runs
    .flatMap(({ lines }) => lines)
    .slice(-MOST_LINES)
    .join("\n");
}

/** The row of the table for a part, from its output. */
function rowOf(part: Part, { runs, seconds, interrupted }: Clues): Row {
  const readings = runs.map((output) => judged(part, output, interrupted));
  return {
    name: part.name,
    work: part.sum(readings.map(({ work }) => work)) + (interrupted ? ", interrupted" : ""),
    failures: readings.reduce((sum, { failures }) => sum + failures, 0),
    seconds,
    replay: readings.flatMap(({ replay }) => replay),
  };
}

/** A run that failed without saying why, or did no work, counts as one failure. Its own command shows it again. */
function judged(part: Part, { lines, ok, command }: ProcessOutput, interrupted: boolean): Reading {
  const { work, failures, replay } = part.read(lines);
  const idle = Object.values(work).every((amount) => amount === 0);
  const least = !interrupted && (!ok || idle) ? 1 : 0;
  const found = Math.max(least, failures);
  if (found === 0) return { work, failures: 0, replay: [] };
  return { work, failures: found, replay: replay.length > 0 ? replay : [commandLine(command)] };
}
