/**
 * Runs the test files it is given in one process, as Deno and Bun do. `node --test` starts a process for each, and
 * with a hundred files most of the time would be spent on starting.
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../entries.ts";

for (const file of process.argv.slice(2)) await import(pathToFileURL(join(root, file)).href);
