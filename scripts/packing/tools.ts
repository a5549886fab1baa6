/** The packages that only the check of the npm package needs. scripts/bootstrap.mjs installs them before `npm test`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../entries.ts";
import { run } from "../test/run.ts";
import { npm } from "../test/tools.ts";

const folder: string = join(root, "scripts/packing/tools");

/** The folder of one of the packages in `scripts/packing/tools/package.json`. */
export function packingTool(name: string): string {
  return join(folder, "node_modules", name);
}

/** Installs them where the check is started by itself. @throws if npm cannot. */
export async function installPackingTools(first: string): Promise<void> {
  if (existsSync(packingTool(first))) return;
  const { ok, output } = await run([...npm, "install", "--no-package-lock", "--no-audit", "--no-fund"], {
    cwd: folder,
  });
  if (!ok) throw new Error(output);
}
