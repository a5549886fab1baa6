/**
 * Random worlds of HTTP/2, as many as wanted. A slice of it runs with the tests.
 *
 * ```sh
 * node --import tsx tests/simulation/http2/main.ts --seeds 100                      # from a random seed on
 * node --import tsx tests/simulation/http2/main.ts --from 1 --seeds 100 --requests 1000
 * node --import tsx tests/simulation/http2/main.ts --seconds 60                     # as many as fit
 * node --import tsx tests/simulation/http2/main.ts --seed 17 --trace                # one again, with all that happens
 * node --import tsx tests/simulation/http2/main.ts --silence forgets --seeds 50     # or slow, as in ../main.ts, or disowns
 * node --import tsx tests/simulation/http2/main.ts --total 5000000                  # until so many requests were made
 * ```
 */

import { parseArgs } from "node:util";
import { tellBlind } from "../report.ts";
import { isSilence, planOf, silentPlanOf } from "./plan.ts";
import { Http2World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string" },
    seeds: { type: "string" },
    total: { type: "string" },
    seconds: { type: "string" },
    step: { type: "string", default: "1" },
    requests: { type: "string", default: "600" },
    progress: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    keepGoing: { type: "boolean", default: false },
    plain: { type: "boolean", default: false },
    silence: { type: "string" },
  },
});
const from = Number(values.seed ?? values.from ?? Math.floor(Math.random() * 2 ** 31));
const total = Number(values.total ?? Infinity);
const endless = total < Infinity || values.seconds !== undefined;
const count = values.seed !== undefined ? 1 : Number(values.seeds ?? (endless ? Infinity : 100));
const step = Number(values.step);

const sums: Record<string, Record<string, number>> = {
  retired: {},
  retried: {},
  happened: {},
  errors: {},
  cases: {},
};
let requests = 0;
let failed = 0;
let opened = 0;
let broken = 0;
let worlds = 0;
const startedAt = performance.now();
const until = startedAt + 1000 * Number(values.seconds ?? Infinity);
for (let at = 0; at < count && requests < total && performance.now() < until; at++) {
  const [seed, each] = [from + at * step, Number(values.requests)];
  const { silence } = values;
  const plan = isSilence(silence) ? silentPlanOf(silence, seed, each) : planOf(seed, each, values.plain);
  if (values.seed !== undefined) console.log(JSON.stringify(plan));
  try {
    const seen = await new Http2World(plan, values.trace ? console.log : undefined).run();
    requests += seen.requests;
    failed += seen.failed;
    opened += seen.opened;
    for (const [name, sum] of Object.entries(sums))
      for (const [what, times] of Object.entries(seen[name as "retired"]))
        sum[what] = (sum[what] ?? 0) + times;
  } catch (error) {
    broken += 1;
    console.log(`${String(error)}\n  replay: --seed ${from + at * step} --requests ${values.requests}`);
    if (values.seed !== undefined) console.log((error as Error).stack);
    if (!values.keepGoing) break;
  }
  worlds += 1;
  if (values.progress) console.log(`${requests} requests, ${worlds} worlds, ${broken} broken`);
}
const seconds = (performance.now() - startedAt) / 1000;
for (const [name, sum] of Object.entries(sums))
  console.log(
    `${name}: ${Object.entries(sum)
      .sort(([, a], [, b]) => b - a)
      .map(([what, times]) => `${what} ${times}`)
      .join(", ")}`,
  );
console.log(
  `${requests} requests, ${worlds} worlds, ${opened} connections, ${failed} failed, ${Math.round(requests / seconds)} a second.`,
);
console.log(broken === 0 ? "No invariant was broken." : `${broken} worlds broke an invariant.`);
const isWhole = values.silence === undefined && !values.plain;
const blind = isWhole ? tellBlind(sums.cases ?? {}, requests, "http2") : [];
process.exitCode = broken + blind.length === 0 ? 0 : 1;
