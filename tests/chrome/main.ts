/**
 * What a real headless Chromium does with its connections, as `docs/chrome.md` tells it.
 *
 * ```sh
 * npm run chrome               # everything, in about six minutes
 * npm run chrome -- --quick    # without the idle limits and PING, in some seconds
 * ```
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { noBrowser } from "../browser/browser.ts";
import { measureChrome } from "./measure.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean", default: false } } });
if (noBrowser !== false) {
  console.error(noBrowser);
  process.exit(1);
}
const { version, rows } = await measureChrome(values.quick);
console.log(`Chromium ${version}\n`);
console.log("| question | found |\n|---|---|");
for (const { question, found } of rows) console.log(`| ${question} | ${found} |`);
