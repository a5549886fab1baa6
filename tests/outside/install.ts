/** Install: the packages, in a folder of their own, in the exact versions of its package.json or the newest there are. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "../../scripts/entries.ts";
import { run } from "../../scripts/test/run.ts";
import { npm } from "../../scripts/test/tools.ts";

/** Without install scripts: none of the packages needs its own. */
const FLAGS = ["--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];

/** Not driven by itself, and needed by two others, which do not take its newest version. */
const HELD = "graphql";

/** @param part The folder of the packages: `tests/outside` itself, or one below it. */
export async function installPackages(newest: boolean, part = ""): Promise<boolean> {
  const home = join(root, "tests", "outside", part);
  const { dependencies } = readJson<{ dependencies: Readonly<Record<string, string>> }>(
    join(home, "package.json"),
  );
  const missing = Object.entries(dependencies).filter(([name, version]) => !isInstalled(home, name, version));
  if (!newest && missing.length === 0) return true;
  console.log(newest ? "Installing the newest versions …" : `Installing ${missing.length} packages …`);
  const names = newest ? Object.keys(dependencies).filter((name) => name !== HELD) : [];
  const { ok, output } = await run([...npm, "install", ...FLAGS, "--save-exact", ...names.map(latest)], {
    cwd: home,
  });
  if (!ok) console.error(output);
  return ok;
}

function latest(name: string): string {
  return `${name}@latest`;
}

function isInstalled(home: string, name: string, version: string): boolean {
  const manifest = join(home, "node_modules", name, "package.json");
  return existsSync(manifest) && readJson<{ version: string }>(manifest).version === version;
}
