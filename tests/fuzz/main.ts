/**
 * Fuzzes the response parser for as long as you like. Findings are shrunk and kept in the corpus.
 *
 * ```sh
 * node --import tsx tests/fuzz/main.ts --seconds 60
 * node --import tsx tests/fuzz/main.ts --seconds 60 --seed 7
 * ```
 */

import { parseArgs } from "node:util";
import { Random } from "../http1/generate.ts";
import { keepSample, startingSamples } from "./corpus.ts";
import { Fuzzer, shrink } from "./fuzzer.ts";
import { violation } from "./properties.ts";

const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const until = performance.now() + 1000 * Number(values.seconds);

console.log(`Fuzzing the response parser for ${values.seconds} s with seed ${seed}`);
const tell = (): void =>
  console.log(`${fuzzer.count} inputs, ${fuzzer.kinds} kinds of outcome, ${found} problems`);
const fuzzer = new Fuzzer(seed, startingSamples());
let found = 0;
let shownAt = performance.now();

for (const sample of startingSamples()) {
  const problem = violation(sample, new Random(seed));
  if (problem === undefined) continue;
  found += 1;
  console.error(`An input of the corpus fails: ${JSON.stringify(sample)}: ${problem}`);
}

while (performance.now() < until && found < 10) {
  if (performance.now() - shownAt > PROGRESS_MS) {
    shownAt = performance.now();
    tell();
  }
  const finding = fuzzer.step();
  if (finding === undefined) continue;
  found += 1;
  const small = shrink(finding);
  console.error(
    `Found, and kept in ${keepSample(small)}: ${JSON.stringify(small)}, shrunk from an input of which`,
  );
  console.error(`  ${finding.problem}`);
}

tell();
process.exitCode = found > 0 ? 1 : 0;
