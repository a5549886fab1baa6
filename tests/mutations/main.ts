/**
 * Breaks the library on purpose, one promise at a time, and shows that a proof notices.
 *
 * ```sh
 * node --import tsx tests/mutations/main.ts               # all, some minutes
 * node --import tsx tests/mutations/main.ts --only POST   # those whose sentence holds this
 * node --import tsx tests/mutations/main.ts --seconds 300 --from 17   # as many as fit, from one of them on
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
const inTurn = [...MUTATIONS.slice(first), ...MUTATIONS.slice(0, first)];
const chosen = inTurn.filter(({ breaks }) => breaks.toLowerCase().includes(values.only.toLowerCase()));
const scratch = new Scratch(Number(values.seeds));
const survivors: Mutation[] = [];
const sound = new Set<string>();
let tried = 0;
let interrupted = false;
process.once("SIGINT", () => {
  interrupted = true;
});
try {
  for (const mutation of chosen) {
    // A turn of the event loop, in which Ctrl-C is heard.
    await new Promise((resolve) => setImmediate(resolve));
    if (interrupted || performance.now() > until) break;
    provedSound(mutation);
    judge(mutation);
    tried += 1;
  }
} finally {
  scratch.remove();
}
if (tried < chosen.length) console.log(`${chosen.length - tried} were not tried: the time was up.`);
console.log(`${tried - survivors.length} of ${tried} mutations caught.`);
process.exitCode = survivors.length > 0 || chosen.length === 0 ? 1 : 0;

/** What fails though nothing is broken would catch anything. */
function provedSound({ proof }: Mutation): void {
  const key = JSON.stringify(proof);
  if (sound.has(key)) return;
  const { caught, by } = scratch.prove(proof);
  if (caught && !interrupted) throw new Error(`The proof ${key} fails though nothing is broken: ${by}`);
  sound.add(key);
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
