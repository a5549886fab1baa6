import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "../entries.ts";

/** A program of a development dependency. */
export function tool(name: string): string {
  return join(root, "node_modules", ".bin", name);
}

/** The user's own Node with tsx: Node 20 cannot run TypeScript by itself. */
export const nodeWithTsx: readonly string[] = [process.execPath, "--import", "tsx"];

/** Loaded before tests on demand. */
export const PACE = "./scripts/test/pace.ts";
const isPaced = process.env.HOLDFAST_PACE !== undefined;

/** Options that load it into a process of Node, and into one of Bun. */
export const nodePace: readonly string[] = isPaced ? ["--import", PACE] : [];
export const bunPace: readonly string[] = isPaced ? ["--preload", PACE] : [];

/** Deno's test runner with these files. It also reports errors that nobody handles. */
export function denoTest(files: readonly string[], options: readonly string[] = []): string[] {
  return [
    tool("deno"),
    "test",
    "--allow-all",
    "--no-check",
    "--preload=scripts/test/deno-watch.ts",
    ...(isPaced ? [`--preload=${PACE}`] : []),
    ...options,
    "scripts/test/all-deno.ts",
    "--",
    ...files,
  ];
}

interface PlatformPackage {
  readonly bin: { readonly node: string };
}

/** The Node 24 that scripts/bootstrap.mjs installs, if there is one for this platform. */
export function node24(): string | undefined {
  return installedNode("node24");
}

/** The Node 22 that scripts/bootstrap.mjs installs, if there is one for this platform. */
export function node22(): string | undefined {
  return installedNode("node22");
}

function installedNode(folderName: string): string | undefined {
  const home = join(root, "scripts", folderName);
  const manifest = readJson<{ optionalDependencies: object }>(join(home, "package.json"));
  for (const name of Object.keys(manifest.optionalDependencies)) {
    const folder = join(home, "node_modules", name);
    if (!existsSync(folder)) continue;
    return join(folder, readJson<PlatformPackage>(join(folder, "package.json")).bin.node);
  }
  return undefined;
}

/** Every `*.test.ts` but those that other steps run. With `filters`, only those whose paths contain one of them. */
export function testFiles(filters: readonly string[]): string[] {
  const elsewhere = ["browser/", "conformance/", "network/", "parity/", "fixtures/"];
  return readdirSync(join(root, "tests"), { recursive: true, encoding: "utf8" })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => file.endsWith(".test.ts") && !elsewhere.some((folder) => file.startsWith(folder)))
    .filter((file) => !file.includes("node_modules/"))
    .map((file) => `./tests/${file}`)
    .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))
    .sort();
}

/**
 * Test files that run on one Node only, Node 20, besides Deno and Bun: the tools of the repository, programs that start
 * other runtimes themselves, and long random runs in virtual time. What they prove does not depend on the version of Node.
 */
const ON_ONE_NODE =
  /^\.\/tests\/(bench|bundles|mutations|simulation|campaign|parity-(http2|trace)|docs|house|rolling|probe)\b/;

/** Those of the files that run on Node 24 and Node 22 as well. */
export function onSeveralNodes(files: readonly string[]): string[] {
  return files.filter((file) => !ON_ONE_NODE.test(file));
}

/** The npm that started us, else the one that the shell finds. */
export const npm: readonly string[] = process.env.npm_execpath
  ? [process.execPath, process.env.npm_execpath]
  : ["npm"];
