/**
 * Speed: Holdfast beside other clients on every installed runtime. Each client has a process of its own; one works at a time, on a
 * CPU core of its own, and so does the origin. Rounds are interleaved; medians and their ratios count.
 *
 * `npm run bench -- --help` says what can be chosen, and how long it takes.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { understood } from "../../scripts/command-line.ts";
import { root } from "../../scripts/entries.ts";
import { countsLine } from "../../scripts/test/counts.ts";
import { FEWEST_ROUNDS, helpText, readArguments } from "./arguments.ts";
import { Bench } from "./bench.ts";
import { chartOf } from "./chart.ts";
import { Progress } from "./progress.ts";
import { reportOf } from "./report.ts";
import { merged, type Part, readParts, writeParts } from "./results.ts";
import { runtimes } from "./runtimes.ts";
import { minutes, secondsOfAll, sectionList } from "./sections.ts";
import { isOurs, type Series, summarize } from "./summary.ts";

const installed = runtimes();

const runtimeNames = installed.map(({ name }) => name);
const wanted =
  understood(
    () => readArguments(process.argv.slice(2), runtimeNames),
    "npm run bench -- --help says more.",
  ) ?? process.exit(2);
const { sections, effort, quick, slice } = wanted;
const short = quick || slice;
if (wanted.help) {
  console.log(helpText(sectionList(effort, installed), minutes(secondsOfAll(sections, installed, effort))));
  process.exit(0);
}
const chosen = installed.filter(({ name }) => name.includes(wanted.runtime));

/** Where the results go, if anywhere. */
function folder(): string | undefined {
  if (wanted.out !== undefined || short) return wanted.out;
  if (effort.rounds >= FEWEST_ROUNDS) return join(root, "bench");
  console.error(
    `bench/ stays as it is: fewer than ${FEWEST_ROUNDS} rounds. --out FOLDER writes them elsewhere.`,
  );
  return undefined;
}

const out = folder();
const planned = secondsOfAll(sections, chosen, effort);
const progress = new Progress(planned);
const seconds = effort.runMs / 1000;
console.error(
  `${sections.length === 1 ? "1 section" : `${sections.length} sections`} on ${chosen.map(({ name }) => name).join(", ")}, ${effort.rounds} × ${seconds} s: about ${minutes(planned)}`,
);

/** What was measured until now joins what there was, so that a run that is interrupted is not lost. */
function keep(parts: readonly Part[]): void {
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  const file = join(out, "results.json");
  const all = merged(readParts(file), parts);
  writeParts(file, all);
  writeFileSync(join(out, "results.md"), reportOf(all));
  const chart = chartOf(all);
  if (chart !== undefined) writeFileSync(join(out, "chart.svg"), chart);
}

const bench = new Bench(wanted, chosen, progress);
// Origins that are no programs of ours do not notice that the bench has ended. Clients do.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    bench.stop();
    process.exit(130);
  });
const all: Part[] = [];
for (const section of sections) {
  const parts = await bench.take(section);
  all.push(...parts);
  keep(parts);
}
bench.stop();
console.log(reportOf(all));

// Fails if one of our clients got a wrong response, or if the origin was the bottleneck.
const failed = bench.series.filter(({ kind, failure }) => isOurs(kind) && failure !== undefined);
const bound = short
  ? []
  : bench.series.filter((one: Series) => isOurs(one.kind) && summarize(one)?.originBound === true);
for (const { runtime, kind, scenario } of bound)
  console.error(`The origin was the bottleneck: ${runtime.name}, ${kind}, ${scenario.name}`);
const absent = bench.series.filter(({ failure }) => failure !== undefined).length - failed.length;
console.log(
  countsLine({
    passed: bench.series.length - failed.length - absent - bound.length,
    failed: failed.length + bound.length,
    skipped: absent,
  }),
);
process.exit(failed.length + bound.length === 0 ? 0 : 1);
