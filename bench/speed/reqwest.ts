/** reqwest: the Rust client, treated as a runtime with one client, if Cargo and its crates are available. */

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/entries.ts";
import type { Runtime } from "./runtimes.ts";

const MANIFEST = fileURLToPath(new URL("reqwest/Cargo.toml", import.meta.url));

/** Builds it. Returns nothing if that fails. The first build takes some minutes. */
export async function reqwest(): Promise<Runtime[]> {
  const target = join(root, ".cache", "bench", "reqwest");
  try {
    const options = ["build", "--release", "--quiet", "--manifest-path", MANIFEST, "--target-dir", target];
    execFileSync("cargo", options, { stdio: ["ignore", "ignore", "ignore"], timeout: 600_000 });
  } catch {
    console.error("reqwest is left out: it could not be built (no Cargo, or no crates).");
    return [];
  }
  const program = join(target, "release", "bench-reqwest");
  const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
  return [
    { name: "Rust", version: `reqwest ${version}`, command: [program], peers: ["reqwest"], isOutside: true },
  ];
}
