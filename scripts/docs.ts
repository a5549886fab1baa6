/**
 * Builds the documentation as a site, without network: the documents as pages, the sources that they link to, and the API
 * reference of every entry from its docstrings. A link that leads nowhere fails it.
 *
 * ```sh
 * npm run docs            # writes .cache/site, to be served by any web server or opened from the disk
 * ```
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import process from "node:process";
import { deadLinks } from "./docs/links.ts";
import { pages, STYLE } from "./docs/pages.ts";
import { entries, root } from "./entries.ts";
import { run } from "./test/run.ts";
import { tool } from "./test/tools.ts";

const SITE = join(root, ".cache/site");

await rm(SITE, { recursive: true, force: true });
const made = pages();
for (const { path, html } of [...made, { path: "style.css", html: STYLE }]) {
  await mkdir(dirname(join(SITE, path)), { recursive: true });
  await writeFile(join(SITE, path), html);
}
console.log(`${made.length} pages`);

const sources = entries()
  .map(({ source }) => source)
  .filter((source) => !source.includes("workers"));
const reference = ["doc", "--html", "--name=@holdfast/pool", `--output=${join(SITE, "api")}`, ...sources];
const { ok, output } = await run([tool("deno"), ...reference], { signal: AbortSignal.timeout(300_000) });
if (!ok) throw new Error(`The API reference could not be made:\n${output}`);
console.log(`the API reference of ${sources.length} entries`);

const dead = deadLinks(SITE);
for (const link of dead) console.log(link);
console.log(
  dead.length === 0 ? `No link leads nowhere. The site is ${SITE}` : `${dead.length} links lead nowhere.`,
);
process.exitCode = dead.length === 0 ? 0 : 1;
