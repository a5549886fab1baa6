/**
 * Builds dist/ for npm: tsc, one .js and one .d.ts per source file, and one mend. dist/cjs/ is the same for require(),
 * where Node cannot require modules (before 20.19 and 22.12) and for Jest.
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./entries.ts";
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
await leaveToTheRuntime("dist/src/register/config-module.js");

/**
 * tsc wraps what an import() gets in a call of its own, and the comments that tell bundlers to leave it alone with it.
 * Turbopack reads them only in front of the whole argument.
 */
async function leaveToTheRuntime(name: string): Promise<void> {
  const file = join(root, name);
  const text = await readFile(file, "utf8");
  const mended = text.replace(
    /import\(__rewriteRelativeImportExtension\(\s*(\/\*.*\*\/ \w+)\)\)/,
    "import($1)",
  );
  if (mended === text) throw new Error(`${name} does not import as expected: mend scripts/build.ts`);
  await writeFile(file, mended);
}
