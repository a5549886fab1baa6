/** Builds dist/ for npm: tsc and nothing else, one .js and one .d.ts per source file. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./entries.ts";
import { run } from "./test/run.ts";
import { tool } from "./test/tools.ts";

// Start afresh: output of a file that was renamed since the last build would be published, too.
await rm(join(root, "dist"), { recursive: true, force: true });
const { ok, output } = await run([tool("tsc"), "-p", "tsconfig.build.json"]);
console.log(output.trimEnd());
process.exitCode = ok ? 0 : 1;
