/**
 * The rolling update at length: 500 requests a second by our pool and by the built-in fetch, while two servers replace one
 * another. Ends with 1 if a request failed that may be repeated.
 *
 * ```sh
 * npm run rolling                       # 30 s each
 * npm run rolling -- --seconds 120
 * bun tests/rolling/main.ts --native    # Bun.serve; in the same way, Deno.serve
 * ```
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { compare } from "./rolling-update.ts";

const { values } = parseArgs({
  options: { seconds: { type: "string", default: "30" }, native: { type: "boolean", default: false } },
});
const server = values.native ? "native" : "node";
const tallies = await compare({ seconds: Number(values.seconds), perSecond: 500, everyMs: 1000, server });
console.table(
  Object.fromEntries(
    Object.entries(tallies).map(([name, { reasons, ...counts }]) => [
      name,
      { ...counts, reasons: JSON.stringify(reasons) },
    ]),
  ),
);
process.exitCode = tallies.ours.failedGets === 0 && tallies.ours.executedTwice === 0 ? 0 : 1;
