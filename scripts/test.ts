/**
 * `npm test`: every check of this repository, three at a time: on two cores, one step mostly waits.
 *
 * ```sh
 * npm test                                     # everything
 * npm test -- --list                           # the steps
 * npm test -- --only node,deno                 # some of them
 * npm test -- --only node tests/pool           # some of them, for test files whose path contains this
 * npm test -- --jobs 1                         # one at a time
 * ```
 */
import { parseArgs } from "node:util";
import { countsLine } from "./test/counts.ts";
import { runAll } from "./test/schedule.ts";
import { steps } from "./test/steps.ts";
import { testFiles } from "./test/tools.ts";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: "string", multiple: true, default: [] },
    list: { type: "boolean", default: false },
    jobs: { type: "string", default: "3" },
  },
});
const all = steps(positionals);

if (options.list) {
  for (const { name, title } of all) console.log(`${name.padEnd(12)} ${title}`);
} else {
  const mistake = mistakeIn(options.only, positionals);
  process.exitCode = mistake ? refuse(mistake) : await runChosen(options.only);
}

async function runChosen(only: readonly string[]): Promise<number> {
  const chosen = only.length === 0 ? all : all.filter(({ name }) => namesOf(only).includes(name));
  const interrupt = new AbortController();
  process.once("SIGINT", () => interrupt.abort());
  process.once("SIGTERM", () => interrupt.abort());
  const total = await runAll(chosen, Number(options.jobs), interrupt.signal);
  console.log(countsLine(total));
  return total.failed > 0 || total.passed === 0 || interrupt.signal.aborted ? 1 : 0;
}

/** A typing error must not look like success, so an unknown step or file ends the run. */
function mistakeIn(only: readonly string[], filters: readonly string[]): string | undefined {
  const unknown = namesOf(only).filter((name) => !all.some((step) => step.name === name));
  if (unknown.length > 0) return `No step is called ${unknown.join(", ")}: see npm test -- --list.`;
  return testFiles(filters).length === 0
    ? `No test file's path contains ${filters.join(" or ")}.`
    : undefined;
}

function namesOf(only: readonly string[]): string[] {
  return only.flatMap((list) => list.split(","));
}

function refuse(mistake: string): number {
  console.error(mistake);
  return 1;
}
