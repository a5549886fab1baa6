/**
 * Random lives of the pool's core, as many as wanted. A slice of it runs with the tests.
 *
 * ```sh
 * node --import tsx tests/pool/core/simulate.ts --seeds 10000 --steps 1000          # from a random seed on
 * node --import tsx tests/pool/core/simulate.ts --from 1 --seeds 10000 --steps 1000
 * node --import tsx tests/pool/core/simulate.ts --seconds 60                        # as many as fit
 * node --import tsx tests/pool/core/simulate.ts --seconds 60 --apart                # origins with rules of their own
 * node --import tsx tests/pool/core/simulate.ts --seed 17 --steps 300 --climate kind --capacity three # one again
 * ```
 */

import { parseArgs } from "node:util";
import { type Capacity, simulate } from "./simulation.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    from: { type: "string" },
    seeds: { type: "string" },
    seconds: { type: "string" },
    steps: { type: "string", default: "1000" },
    climate: { type: "string", multiple: true, default: ["harsh", "kind"] },
    capacity: { type: "string", multiple: true, default: ["one", "three", "changing"] },
    apart: { type: "boolean", default: false },
  },
});
const from = Number(values.seed ?? values.from ?? Math.floor(Math.random() * 2 ** 31));
const timed = values.seconds !== undefined;
const count = values.seed !== undefined ? 1 : Number(values.seeds ?? (timed ? Infinity : 1000));
const steps = Number(values.steps);

const totals = { steps: 0, grants: 0, reused: 0, shared: 0, rejects: 0, retired: 0 };
const startedAt = performance.now();
const until = startedAt + 1000 * Number(values.seconds ?? Infinity);
let lived = 0;
for (; lived < count && performance.now() < until; lived++) {
  for (const climate of values.climate) {
    for (const capacity of values.capacity as Capacity[]) {
      const life = simulate(
        from + lived,
        steps,
        climate === "kind" ? "kind" : "harsh",
        capacity,
        values.apart,
      );
      for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += life[name];
    }
  }
  if ((lived + 1) % 1000 === 0) console.log(`${lived + 1} seeds, ${totals.steps} steps`);
}
const seconds = (performance.now() - startedAt) / 1000;
const rate = Math.round(totals.steps / seconds).toLocaleString("en");
console.log(`Seeds ${from} to ${from + lived - 1} hold: ${JSON.stringify(totals)}, ${rate} steps/s`);
console.log(`${lived} seeds, ${totals.steps} steps`);
