/**
 * Proves that the npm package works: packs it, installs the tarball into an empty project, and uses it there on Node and
 * Bun and from TypeScript.
 */

import { existsSync } from "node:fs";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { entries, root } from "./entries.ts";
import { installPackingTools, packingTool } from "./packing/tools.ts";
import { typeChecks } from "./packing/types.ts";
import { type Checks, report } from "./test/report.ts";
import { run } from "./test/run.ts";
import { node22, node24, npm, tool } from "./test/tools.ts";

const project = await mkdtemp(join(tmpdir(), "holdfast-package-"));
/** The entry of Workers imports modules that only workerd has: tests/bundles bundles and runs it there. */
const WORKERS = "@holdfast/pool/workers";
const specifiers = entries().flatMap(({ specifier }) => (specifier === WORKERS ? [] : [specifier]));
const others = { "Node 22": node22(), "Node 24": node24() };

const checks: Checks = {
  "npm pack builds a tarball": () => succeed([...npm, "pack", "--pack-destination", project], root),
  "arethetypeswrong finds nothing": async () =>
    succeed([
      process.execPath,
      packingTool("@arethetypeswrong/cli/dist/index.js"),
      await tarball(),
      "--profile",
      "node16",
      "--ignore-rules",
      "cjs-resolves-to-esm",
    ]),
  "publint finds nothing": async () => succeed([tool("publint"), "run", await tarball(), "--strict"]),
  "npm installs it, and nothing with it": install,
  "the links of its README lead to files that it has": links,
  [`every entry point loads on Node ${process.versions.node}, and requests reuse a connection`]: () =>
    use(process.execPath),
  ...onOthers("the same on", use),
  [`require() loads every entry that has no command in it on Node ${process.versions.node}`]: () =>
    require(process.execPath),
  [`the same on Node ${process.versions.node} without its require() of modules`]: () =>
    require(process.execPath, "--no-experimental-require-module"),
  ...onOthers("require() does so on", require),
  [`Jest runs a test of it on Node ${process.versions.node}`]: () => jest(process.execPath),
  ...onOthers("Jest runs a test of it on", jest),
  "the same on Bun": () => use(tool("bun")),
  "require() does so on Bun": () => require(tool("bun")),
  "webpack and Vite bundle a program with top-level await": () =>
    succeed([
      process.execPath,
      "bundle.mjs",
      packingTool("webpack/lib/index.js"),
      packingTool("vite/dist/node/index.js"),
    ]),
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
  await installPackingTools("vite");
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
  await writeSnippets();
}

/** The first snippet of the README, which asks a server of ours, and the same with `using`. */
async function writeSnippets(): Promise<void> {
  const readme = await readFile(join(root, "README.md"), "utf8");
  const snippet =
    readme
      .split("```ts\n")[1]
      ?.split("```")[0]
      ?.replace(/"https:[^"]*"/, "globalThis.ORIGIN") ?? "";
  const using = snippet.replace("const pool", "await using pool").replace(/^await pool\.close.*$/m, "");
  if (using === snippet) throw new Error("The README's first snippet has neither form.");
  await writeFile(join(project, "snippet.mjs"), snippet);
  await writeFile(join(project, "snippet-using.mjs"), using);
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

async function links(): Promise<void> {
  const folder = join(project, "node_modules/@holdfast/pool");
  const readme = await readFile(join(folder, "README.md"), "utf8");
  const files = [...readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, file = ""]) => file);
  const missing = files.filter((file) => !existsSync(join(folder, file)));
  if (files.length === 0 || missing.length > 0) throw new Error(`Missing: ${missing}`);
}

/** Checks on the other versions of Node that are installed. */
function onOthers(what: string, check: (node: string) => Promise<void>): Checks {
  const present = Object.entries(others).flatMap(([name, node]) =>
    node === undefined ? [] : [{ name, node }],
  );
  return Object.fromEntries(present.map(({ name, node }) => [`${what} ${name}`, () => check(node)]));
}

/** The command and the preload are modules only: the one is started, the other waits for its config module. */
function require(node: string, ...flags: readonly string[]): Promise<void> {
  const required = specifiers.filter((specifier) => !/\/(cli|register)$/.test(specifier));
  return succeed([node, ...flags, "use.cjs", ...required]);
}

function jest(node: string): Promise<void> {
  return succeed([
    node,
    packingTool("jest/bin/jest.js"),
    "--rootDir",
    project,
    "--testMatch",
    "**/use.test.cjs",
  ]);
}

function use(runtime: string): Promise<void> {
  return succeed([runtime, "use.mjs", ...specifiers]);
}

async function succeed(command: readonly string[], cwd = project): Promise<void> {
  const { ok, output } = await run(command, { cwd });
  if (!ok) throw new Error(output);
}
