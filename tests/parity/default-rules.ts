/**
 * Holdfast's default rules against real nginx, Tomcat, httpd, HAProxy and Node, for some minutes of random pauses
 * around their idle limit.
 *
 * ```sh
 * node --import tsx tests/parity/default-rules.ts --minutes 3
 * node --import tsx tests/parity/default-rules.ts --slice      # the short run of main.ts
 * ```
 *
 * Exit code: 1 if a request failed, or if the learned limit is not within 10 % below the true limit. The slice runs
 * beside other tests, so it is less exact about the limit, and repeats what failed once.
 */

import { parseArgs } from "node:util";
import { countsLine } from "../../scripts/test/counts.ts";
import {
  defaultRules,
  defaultRulesCounts,
  NEAR,
  printDefaultRules,
  retryFaulty,
  type Settings,
} from "./default-rules/all-servers.ts";

const MINUTE_MS = 60_000;
const SLICE_MS = 20_000;
const NEAR_IN_SLICE = 0.6;

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string", default: "1" },
    slice: { type: "boolean", default: false },
  },
});
const seed = Number(values.seed);
const settings: Settings = values.slice
  ? { ms: SLICE_MS, seed, near: NEAR_IN_SLICE }
  : { ms: Number(values.minutes) * MINUTE_MS, seed, near: NEAR };
const first = await defaultRules(settings);
const rows = values.slice ? await retryFaulty(first, settings) : first;
printDefaultRules(rows);
const counts = defaultRulesCounts(rows);
console.log(countsLine(counts));
process.exitCode = counts.failed > 0 ? 1 : 0;
