/**
 * Breaks the library on purpose, one promise at a time, and shows that a test notices.
 *
 * ```sh
 * node --import tsx tests/mutations/main.ts               # all of them, some minutes
 * node --import tsx tests/mutations/main.ts --only POST   # those whose sentence contains this
 * node --import tsx tests/mutations/main.ts --seconds 300 --from 17   # as many as fit, starting at number 17
 * ```
 */

import { parseArgs } from "node:util";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS } from "./mutations.ts";
import { Scratch } from "./scratch.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    seeds: { type: "string", default: "150" },
    seconds: { type: "string", default: "Infinity" },
    from: { type: "string", default: "0" },
  },
});

const until = performance.now() + 1000 * Number(values.seconds);
const first = Number(values.from) % MUTATIONS.length;
const rotated = [...MUTATIONS.slice(first), ...MUTATIONS.slice(0, first)];
const chosen = rotated.filter(({ breaks }) => breaks.toLowerCase().includes(values.only.toLowerCase()));
const scratch = new Scratch(Number(values.seeds));
const survivors: Mutation[] = [];
const passing = new Set<string>();
let tried = 0;
let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
});
try {
  for (const mutation of chosen) {
    // This turn of the event loop lets a Ctrl-C be noticed.
    await new Promise((resolve) => setImmediate(resolve));
    if (interrupted || performance.now() > until) break;
    requirePassing(mutation);
    judge(mutation);
    tried += 1;
  }
} finally {
  scratch.remove();
}
if (tried < chosen.length)
  console.log(`${chosen.length - tried} were not tried: the time was up, or the run was interrupted.`);
console.log(`${tried - survivors.length} of ${tried} mutations caught.`);
process.exitCode = survivors.length > 0 || chosen.length === 0 ? 1 : 0;

/** A proof that fails on the unbroken library would "catch" every mutation. */
function requirePassing({ proof }: Mutation): void {
  const key = JSON.stringify(proof);
  if (passing.has(key)) return;
  const { caught, by } = scratch.prove(proof);
  if (caught && !interrupted) throw new Error(`The proof ${key} fails on the unbroken library: ${by}`);
  passing.add(key);
}

function judge(mutation: Mutation): void {
  const started = performance.now();
  const { caught, by } = scratch.try(mutation);
  if (!caught) survivors.push(mutation);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(
    `${caught ? "caught  " : "SURVIVED"} ${seconds.padStart(5)} s  ${mutation.breaks}\n            ${by}`,
  );
}
