/**
 * Runs the given test files in one process, as Deno and Bun do. `node --test` starts a process for each file; with more than
 * a hundred files that takes most of the time.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../entries.ts";
import { endRun, giveErrorsAndLimits } from "./each-ends.ts";

giveErrorsAndLimits();
for (const file of process.argv.slice(2)) await import(pathToFileURL(join(root, file)).href);
endRun();
