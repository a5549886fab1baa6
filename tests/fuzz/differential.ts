/**
 * Differential: compares our response parser with Node's own, for as long as you like. A disagreement that
 * disagreements.ts does not list is a finding. Runs on Node only.
 *
 * ```sh
 * node --import tsx tests/fuzz/differential.ts --seconds 60             # from a random seed on
 * node --import tsx tests/fuzz/differential.ts --seconds 60 --from 7
 * node --import tsx tests/fuzz/differential.ts --cases 1 --from 4711    # replays one case
 * ```
 */

import { parseArgs } from "node:util";
import { explain, sampleOf } from "../http1/differential.ts";

/** Enough findings to see what they have in common. */
const MOST_FINDINGS = 10;
const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    cases: { type: "string", default: "Infinity" },
    from: { type: "string" },
  },
});
const from = Number(values.from ?? Date.now() % 1_000_000_007);
const last = from + Number(values.cases);
const until = performance.now() + 1000 * Number(values.seconds);
let [cases, agreed, found] = [0, 0, 0];
let shownAt = performance.now();

console.log(`Our parser beside that of Node ${process.versions.node}, from seed ${from} on`);
for (let seed = from; seed < last && performance.now() < until && found < MOST_FINDINGS; seed++) {
  const { names, unexplained } = await explain(sampleOf(seed));
  cases += 1;
  if (unexplained !== undefined) {
    found += 1;
    console.log(`Seed ${seed}, ${names}: ${JSON.stringify(unexplained)}`);
    console.log(`  replay: --cases 1 --from ${seed}`);
  } else if (names.length === 0) agreed += 1;
  if (performance.now() - shownAt < PROGRESS_MS) continue;
  shownAt = performance.now();
  console.log(`${cases} cases, ${agreed} read alike, ${found} problems`);
}
console.log(`${cases} cases, ${agreed} read alike, ${found} problems`);
process.exitCode = found > 0 ? 1 : 0;
