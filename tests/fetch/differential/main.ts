/** The differential, for as many seeds as you like: `node --import tsx tests/fetch/differential/main.ts --help`. */

import process from "node:process";
import { understood } from "../../../scripts/command-line.ts";
import { type Arguments, HELP, readArguments } from "./arguments.ts";
import { type Comparison, compare, inWords } from "./compare.ts";
import { DIFFERENCES } from "./differences.ts";
import type { Subject } from "./draw.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const given = understood(() => readArguments(argv), "tests/fetch/differential/main.ts --help says more.");
  if (given === undefined) return 2;
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  return given.replay === undefined ? await runSeeds(given) : await replay(given.replay, given.subject);
}

async function replay(seed: number, subject: Subject): Promise<number> {
  const { draw, builtIn, pool, explained, unexplained } = await compare(seed, subject);
  console.log(JSON.stringify(draw, undefined, 2));
  console.log("built-in:", Object.fromEntries(builtIn));
  console.log("pool:", Object.fromEntries(pool));
  for (const { reason } of explained) console.log(`meant: ${reason}`);
  for (const one of unexplained) console.log(`not meant: ${inWords(one)}`);
  return unexplained.length === 0 ? 0 : 1;
}

async function runSeeds({ from, seeds, subject }: Arguments): Promise<number> {
  const shown = new Map<string, number>();
  let failures = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const comparison = await compare(seed, subject);
    for (const { reason } of comparison.explained) shown.set(reason, (shown.get(reason) ?? 0) + 1);
    if (comparison.unexplained.length > 0) failures += 1;
    tell(seed, comparison);
  }
  console.log(`${seeds} seeds. What differed on purpose, and in how many of them:`);
  for (const { reason } of DIFFERENCES)
    console.log(`${String(shown.get(reason) ?? 0).padStart(6)}  ${reason}`);
  console.log(failures === 0 ? "Nothing else differed." : `${failures} seeds differed otherwise.`);
  return failures === 0 ? 0 : 1;
}

function tell(seed: number, { unexplained }: Comparison): void {
  if (unexplained.length === 0) return;
  console.log(`replay: --replay ${seed}`);
  for (const one of unexplained) console.log(`  ${inWords(one)}`);
}
