/** Runtime: which one this is, and whose fetch it has built in. */

import process from "node:process";
import { fileURLToPath } from "node:url";

interface Versions {
  readonly node?: string;
  readonly undici?: string;
  readonly deno?: string;
  readonly bun?: string;
}

const versions: Versions = process.versions;

/** Runs a script as this one runs: with the same runtime, and the same loader, which Node 20 needs for TypeScript. */
export function scriptCommand(script: URL, args: readonly string[]): { program: string; args: string[] } {
  const loader =
    versions.deno === undefined
      ? process.execArgv.filter((argument) => !argument.startsWith("--test"))
      : ["run", "--allow-all", "--no-check"];
  return { program: process.execPath, args: [...loader, fileURLToPath(script), ...args] };
}

/** Of the three, only Node tells when its fetch opens a connection. */
export function isNode(): boolean {
  return versions.deno === undefined && versions.bun === undefined;
}

/** `"Node 24.1.0 (fetch: undici 7.10.0)"`. */
export function runtimeName(): string {
  if (versions.deno !== undefined) return `Deno ${versions.deno}`;
  if (versions.bun !== undefined) return `Bun ${versions.bun}`;
  return `Node ${versions.node} (fetch: undici ${versions.undici})`;
}
