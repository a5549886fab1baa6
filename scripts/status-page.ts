/**
 * Builds the status page: bundles status-page/ into strings in src/hono/status/assets.ts, so that the package serves
 * it without a file system, on every runtime. With `--check` it only says whether that file is up to date.
 */

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./entries.ts";

const FILE = join(root, "src/hono/status/assets.ts");

/** Recent browsers: the oldest that know `light-dark` and `import.meta`. */
const TARGET = "es2022";

/** The module that holds the page, as it must be. */
export async function statusAssets(): Promise<string> {
  const licence = await readFile(join(root, "node_modules/uplot/LICENSE"), "utf8");
  const html = await readFile(join(root, "status-page/index.html"), "utf8");
  const [script, style] = await Promise.all([bundle("main.ts"), bundle("style.css")]);
  const notice = `/*! The charts are uPlot, https://github.com/leeoniya/uPlot\n\n${licence.trim()}\n*/\n`;
  return [
    "/** Assets: the status page as strings. Made by scripts/status-page.ts from status-page/; do not edit. */",
    "",
    written("PAGE", "The page. `{base}` stands for the path of the other two.", html),
    written("SCRIPT", "Its script.", notice + script),
    written("STYLE", "Its styles.", notice + style),
  ].join("\n");
}

async function bundle(file: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "status-page", file)],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: "esm",
    target: TARGET,
    charset: "utf8",
    legalComments: "none",
    write: false,
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${file}`);
  return output.text;
}

function written(name: string, what: string, content: string): string {
  return `/** ${what} */\nexport const ${name}: string = ${JSON.stringify(content)};\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const wanted = await statusAssets();
  const now = await readFile(FILE, "utf8").catch(() => "");
  if (!process.argv.includes("--check")) await writeFile(FILE, wanted);
  else if (now !== wanted)
    throw new Error("src/hono/status/assets.ts is not current: node --import tsx scripts/status-page.ts");
}
