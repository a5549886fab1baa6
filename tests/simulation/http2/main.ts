/**
 * Random worlds of HTTP/2, as many as wanted. A slice of it runs with the tests.
 *
 * ```sh
 * node --import tsx tests/simulation/http2/main.ts --seeds 100                      # from a random seed on
 * node --import tsx tests/simulation/http2/main.ts --from 1 --seeds 100 --requests 1000
 * node --import tsx tests/simulation/http2/main.ts --seed 17                        # one again
 * node --import tsx tests/simulation/http2/main.ts --total 5000000                  # until so many requests were made
 * ```
 */

import { parseArgs } from "node:util";
import { planOf } from "./plan.ts";
import { Http2World } from "./world.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string" },
    seeds: { type: "string" },
    total: { type: "string" },
    step: { type: "string", default: "1" },
    requests: { type: "string", default: "600" },
    progress: { type: "boolean", default: false },
    trace: { type: "boolean", default: false },
    keepGoing: { type: "boolean", default: false },
  },
});
const from = Number(values.seed ?? values.from ?? Math.floor(Math.random() * 2 ** 31));
const total = Number(values.total ?? Infinity);
const count = values.seed !== undefined ? 1 : Number(values.seeds ?? (total < Infinity ? Infinity : 100));
const step = Number(values.step);

const sums: Record<string, Record<string, number>> = { retired: {}, retried: {}, happened: {}, errors: {} };
let requests = 0;
let failed = 0;
let opened = 0;
let broken = 0;
const startedAt = performance.now();
for (let at = 0; at < count && requests < total; at++) {
  const plan = planOf(from + at * step, Number(values.requests));
  if (values.progress) console.log(plan.seed, Math.round(process.memoryUsage().heapUsed / 1e6));
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
    console.log(
      `${String(error)}\n  again: node --import tsx tests/simulation/http2/main.ts --seed ${from + at * step} --requests ${values.requests}`,
    );
    if (values.seed !== undefined) console.log((error as Error).stack);
    if (!values.keepGoing) break;
  }
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
  `${requests} requests on ${opened} connections, ${failed} failed, ${Math.round(requests / seconds)} a second.`,
);
console.log(broken === 0 ? "No invariant was broken." : `${broken} worlds broke an invariant.`);
process.exitCode = broken === 0 ? 0 : 1;
