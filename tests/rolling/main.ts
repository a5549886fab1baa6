/**
 * The rolling update at length: 500 requests a second by our pool and by the built-in fetch, while two servers replace one
 * another. Ends with 1 if a request failed that may be repeated.
 *
 * ```sh
 * npm run rolling                       # 30 s each
 * npm run rolling -- --seconds 120
 * ```
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { compare } from "./rolling-update.ts";

const { values } = parseArgs({ options: { seconds: { type: "string", default: "30" } } });
const tallies = await compare({ seconds: Number(values.seconds), perSecond: 500, everyMs: 1000 });
console.table(
  Object.fromEntries(
    Object.entries(tallies).map(([name, { reasons, ...counts }]) => [
      name,
      { ...counts, reasons: JSON.stringify(reasons) },
    ]),
  ),
);
process.exitCode = tallies.ours.failedGets === 0 && tallies.ours.executedTwice === 0 ? 0 : 1;
