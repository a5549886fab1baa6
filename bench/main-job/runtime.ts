/** Runtime: which runtime this is, and which fetch it has. */

import process from "node:process";
import { fileURLToPath } from "node:url";

interface Versions {
  readonly node?: string;
  readonly undici?: string;
  readonly deno?: string;
  readonly bun?: string;
}

const versions: Versions = process.versions;

/**
 * A command that runs a script with the runtime and the loader of this process. Node 20 needs a loader for
 * TypeScript.
 */
export function scriptCommand(script: URL, args: readonly string[]): { program: string; args: string[] } {
  const loader =
    versions.deno === undefined
      ? process.execArgv.filter((argument) => !argument.startsWith("--test"))
      : ["run", "--allow-all", "--no-check"];
  return { program: process.execPath, args: [...loader, fileURLToPath(script), ...args] };
}

/** Only Node reports when its fetch opens a connection. */
export function isNode(): boolean {
  return versions.deno === undefined && versions.bun === undefined;
}

/** `"Node 24.1.0 (fetch: undici 7.10.0)"`. */
export function runtimeName(): string {
  if (versions.deno !== undefined) return `Deno ${versions.deno}`;
  if (versions.bun !== undefined) return `Bun ${versions.bun}`;
  return `Node ${versions.node} (fetch: undici ${versions.undici})`;
}
