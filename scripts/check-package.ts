/**
 * Proves that the npm package works: packs it, installs the tarball into an empty project, and uses it there on Node and
 * Bun and from TypeScript.
 */
import { cp, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entries, root } from "./entries.ts";
import { installPackingTools } from "./packing/tools.ts";
import { typeChecks } from "./packing/types.ts";
import { type Checks, report } from "./test/report.ts";
import { run } from "./test/run.ts";
import { node24, npm, tool } from "./test/tools.ts";

const project = await mkdtemp(join(tmpdir(), "holdfast-package-"));
const specifiers = entries().map(({ specifier }) => specifier);
const newer = node24();

const checks: Checks = {
  "npm pack builds a tarball": () => succeed([...npm, "pack", "--pack-destination", project], root),
  "publint finds nothing": async () => succeed([tool("publint"), "run", await tarball(), "--strict"]),
  "npm installs it, and nothing with it": install,
  [`every entry point loads on Node ${process.versions.node}, and requests reuse a connection`]: () =>
    use(process.execPath),
  ...(newer && { "the same on Node 24": () => use(newer) }),
  "the same on Bun": () => use(tool("bun")),
  "the holdfast command explains a preset": () =>
    succeed([
      process.execPath,
      join(project, "node_modules/.bin/holdfast"),
      "explain",
      "jdk",
      "--against",
      "nginx",
    ]),
  ...typeChecks(project),
};

try {
  await installPackingTools("typescript5");
  await writeProject();
  await report(checks);
} finally {
  await rm(project, { recursive: true, force: true });
}

async function writeProject(): Promise<void> {
  await cp(join(root, "scripts/package"), project, { recursive: true });
  const everyEntry = specifiers.map((specifier, at) => `export * as entry${at} from "${specifier}";\n`);
  await writeFile(join(project, "every-entry.ts"), everyEntry.join(""));
  await writeJson("package.json", { private: true, type: "module" });
}

function writeJson(file: string, content: object): Promise<void> {
  return writeFile(join(project, file), JSON.stringify(content));
}

/** Our only peer dependency is optional, so the project has to install Hono itself. */
async function install(): Promise<void> {
  await succeed([
    ...npm,
    "install",
    "--no-audit",
    "--no-fund",
    await tarball(),
    join(root, "node_modules/hono"),
  ]);
  const installed = (await readdir(join(project, "node_modules"))).filter((name) => !name.startsWith("."));
  if (installed.join() !== "@holdfast,hono") throw new Error(`It brought more with it: ${installed}`);
}

async function tarball(): Promise<string> {
  const file = (await readdir(project)).find((name) => name.endsWith(".tgz"));
  if (file === undefined) throw new Error("There is no tarball.");
  return join(project, file);
}

function use(runtime: string): Promise<void> {
  return succeed([runtime, "use.mjs", ...specifiers]);
}

async function succeed(command: readonly string[], cwd = project): Promise<void> {
  const { ok, output } = await run(command, { cwd });
  if (!ok) throw new Error(output);
}
