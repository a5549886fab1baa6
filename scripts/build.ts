/**
 * Builds dist/ for npm: modules in few files, and one .d.ts per source file. dist/cjs/ is for require(), where Node cannot require
 * modules (before 20.19 and 22.12) and for Jest: one .js per source file, so that all entries share what they load.
 */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./entries.ts";
import { writeModules } from "./package-modules.ts";
import { run } from "./test/run.ts";
import { tool } from "./test/tools.ts";

// Start afresh: output of a file that was renamed since the last build would be published, too.
await rm(join(root, "dist"), { recursive: true, force: true });
for (const project of ["tsconfig.build.json", "tsconfig.cjs.json"]) {
  const { ok, output } = await run([tool("tsc"), "-p", project]);
  if (output !== "") console.log(output.trimEnd());
  if (!ok) process.exitCode = 1;
}
await writeFile(join(root, "dist/cjs/package.json"), JSON.stringify({ type: "commonjs" }));
await writeModules(join(root, "dist"));
