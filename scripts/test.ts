/** `npm test`: every check of this repository. `npm test -- --help` says what can be chosen. */

import { understood } from "./command-line.ts";
import { type Arguments, HELP, readArguments } from "./test/arguments.ts";
import { countsLine } from "./test/counts.ts";
import { runAll } from "./test/schedule.ts";
import type { Step } from "./test/step.ts";
import { steps } from "./test/steps.ts";
import { testFiles } from "./test/tools.ts";
import { UsageError } from "./usage-error.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const given = understood(() => chosenBy(argv), "See npm test -- --help.");
  if (given === undefined) return 2;
  if (given.help) console.log(HELP);
  else if (given.list)
    console.log(
      steps([])
        .map(({ name, title }) => `${name.padEnd(12)} ${title}`)
        .join("\n"),
    );
  else return await runChosen(given);
  return 0;
}

/** A typing error must not look like success, so an unknown step or file ends the run. */
function chosenBy(argv: readonly string[]): Arguments {
  const names = new Set(steps([]).map(({ name }) => name));
  const given = readArguments(argv, [...names]);
  if (testFiles(given.filters).length > 0) return given;
  throw new UsageError(`No test file's path contains ${given.filters.join(" or ")}`);
}

async function runChosen({ only, filters, jobs }: Arguments): Promise<number> {
  const all: Step[] = steps(filters);
  const chosen = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  process.once("SIGTERM", () => interrupt.abort());
  const total = await runAll(chosen, jobs, interrupt.signal);
  console.log(countsLine(total));
  return total.failed > 0 || total.passed === 0 || interrupt.signal.aborted ? 1 : 0;
}
