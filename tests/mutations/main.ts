/**
 * Breaks the library on purpose, one promise at a time, and shows that a proof notices.
 *
 * ```sh
 * node --import tsx tests/mutations/main.ts               # all, some minutes
 * node --import tsx tests/mutations/main.ts --only POST   # those whose sentence holds this
 * ```
 */

import { parseArgs } from "node:util";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { Scratch } from "./scratch.ts";

const { values } = parseArgs({
  options: { only: { type: "string", default: "" }, seeds: { type: "string", default: "150" } },
});

const chosen = MUTATIONS.filter(({ breaks }) => breaks.toLowerCase().includes(values.only.toLowerCase()));
const scratch = new Scratch(Number(values.seeds));
const survivors: Mutation[] = [];
try {
  const unbroken = [...new Set(chosen.map(({ proof }) => JSON.stringify(proof)))];
  for (const proof of unbroken) {
    const { caught, by } = scratch.prove(JSON.parse(proof) as Mutation["proof"]);
    if (caught) throw new Error(`The proof ${proof} fails though nothing is broken: ${by}`);
  }
  for (const mutation of chosen) judge(mutation);
} finally {
  scratch.remove();
}
console.log(`${chosen.length - survivors.length} of ${chosen.length} mutations caught.`);
process.exitCode = survivors.length > 0 || chosen.length === 0 ? 1 : 0;

function judge(mutation: Mutation): void {
  const started = performance.now();
  const { caught, by } = scratch.try(mutation);
  if (!caught) survivors.push(mutation);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${caught ? "caught  " : "SURVIVED"} ${seconds.padStart(5)} s  ${mutation.breaks}\n            ${by}`,
  );
}
