/**
 * Lives of HTTP/2 connections, for as long as you like. A failure says its seed.
 *
 * ```sh
 * node --import tsx tests/fuzz/windows/main.ts --seconds 60
 * node --import tsx tests/fuzz/windows/main.ts --from 7 --lives 1
 * ```
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Random } from "../../http1/generate.ts";
import { flowProblem } from "./flow.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    from: { type: "string" },
    lives: { type: "string", default: "Infinity" },
  },
});
const from = values.from === undefined ? Date.now() % 1_000_000_007 : Number(values.from);
const until = performance.now() + 1000 * Number(values.seconds);
const most = Number(values.lives);

let lives = 0;
let found = 0;
for (; lives < most && found < 10 && performance.now() < until; lives++) {
  const problem = await flowProblem(new Random(from + lives));
  if (problem === undefined) continue;
  found += 1;
  console.error(`${problem}\n  replay: --from ${from + lives} --lives 1`);
}
console.log(`${lives} lives, ${found} problems`);
process.exitCode = found > 0 ? 1 : 0;
