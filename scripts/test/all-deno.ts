/**
 * Runs the given test files in one realm of Deno, as `all.ts` does on Node. `deno test` has one for each file, and loads the library
 * and what tests use into each of them: a third of the time of all tests.
 */

import process from "node:process";

for (const file of process.argv.slice(2)) await import(new URL(`../../${file}`, import.meta.url).href);
