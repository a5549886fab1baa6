/**
 * Fuzzes HTTP/2 connections for as long as you like. What it finds is shown shrunk, as a sample for `regressions.ts`.
 *
 * ```sh
 * node --import tsx tests/fuzz/frames/main.ts --seconds 60
 * node --import tsx tests/fuzz/frames/main.ts --seconds 60 --seed 7
 * ```
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { FrameFuzzer, shrinkFrames } from "./fuzzer.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "60" }, seed: { type: "string" } },
});
const seed = values.seed === undefined ? Date.now() % 1_000_000_007 : Number(values.seed);
const until = performance.now() + 1000 * Number(values.seconds);

console.log(`Fuzzing HTTP/2 for ${values.seconds} s with seed ${seed}`);
const fuzzer = new FrameFuzzer(seed);
let found = 0;
while (performance.now() < until && found < 10) {
  const finding = fuzzer.step();
  if (finding === undefined) continue;
  found += 1;
  console.error(`Found: ${JSON.stringify(shrinkFrames(finding))}`);
  console.error(`  shrunk from a sample of which ${finding.problem}`);
}
console.log(`${fuzzer.count} inputs, ${fuzzer.kinds} kinds of outcome, ${found} problems`);
process.exitCode = found > 0 ? 1 : 0;
