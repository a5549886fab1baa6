/** Go: `net/http`, treated as a runtime with one client, if its compiler is installed. */

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { root } from "../../scripts/entries.ts";
import { find } from "../../tests/parity/systems/tools.ts";
import type { Runtime } from "./runtimes.ts";

const INSTALLED = "/usr/local/go/bin/go";

/** Builds it. Returns nothing if that fails. */
export function goClient(): Runtime[] {
  const compiler = find("go") ?? (existsSync(INSTALLED) ? INSTALLED : undefined);
  const program = join(root, ".cache", "bench", "go-client");
  try {
    if (compiler === undefined) throw new Error("There is no Go");
    const source = fileURLToPath(new URL("go/", import.meta.url));
    execFileSync(compiler, ["build", "-C", source, "-o", program, "."], {
      stdio: "ignore",
      timeout: 600_000,
    });
    const version = execFileSync(compiler, ["env", "GOVERSION"], { encoding: "utf8" }).trim();
    const number = version.replace("go", "");
    return [{ name: "Go", version: number, command: [program], peers: ["Go net/http"], isOutside: true }];
  } catch {
    console.error("Go is left out: it could not be built.");
    return [];
  }
}
