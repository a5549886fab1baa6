/**
 * House: lists what makes it hard to find one's way through the sources: exported names that mean two things, file names
 * that occur twice, and import cycles. And functions that V8 makes where they cost collections. Exceptions are listed here, each with its
 * reason. `tests/house.test.ts` runs it.
 *
 * ```sh
 * node --import tsx scripts/house.ts
 * ```
 */

import { pathToFileURL } from "node:url";
import { assignedFunctions } from "./house/assigned-functions.ts";
import { importCycles } from "./house/cycles.ts";
import { alikeExports, type Repeated, repeatedExports, repeatedFiles } from "./house/names.ts";
import { sourceFiles } from "./house/sources.ts";

/** Exported names that occur more than once on purpose. */
export const MEANT_NAMES: Readonly<Record<string, string>> = {
  TransportError:
    "the contract's interface, and the class by which the built-in transports implement it: a transport imports only types",
};

/** File names that occur more than once on purpose. */
export const MEANT_FILES: Readonly<Record<string, string>> = {
  "mod.ts": "the entry of a package, which re-exports and explains",
};

/** Functions that are written where they are assigned to a property, because that is done seldom. */
export const MEANT_ASSIGNED: Readonly<Record<string, string>> = {
  "src/create-pool.ts preconnect": "once for each pool",
  "src/hono/upgrades/server-web-socket.ts onclose": "once for each upgraded connection",
  "src/hono/upgrades/server-web-socket.ts onerror": "once for each upgraded connection",
  "src/hono/upgrades/server-web-socket.ts onmessage": "once for each upgraded connection",
  "src/hono/upgrades/server-web-socket.ts onopen": "once for each upgraded connection",
  "src/pool/connect/dns-refresh.ts onAnswer": "once for each pool",
  "src/pool/connect/dns-refresh.ts openTo": "once for each pool",
  "src/pool/timer.ts failed": "once for each pool",
  "src/probe/probe-connection.ts #settle": "a tool that waits most of the time",
  "src/probe/progress.ts #cancel": "a tool that waits most of the time",
  "src/proxy/tunnel.ts #settle": "once for each tunnel",
  "src/register/global-fetch.ts preconnect": "once for each process",
  "src/server/keep-alive-server.ts emit": "once for each server",
};

/** What is not meant to be so, one line each, and reasons above that nothing needs. */
export function complaints(): string[] {
  const files = sourceFiles();
  const assigned = assignedFunctions(files).map((name) => ({ name, files: [] }));
  return [
    ...unmeant("exported twice", [...repeatedExports(files), ...alikeExports(files)], MEANT_NAMES),
    ...unmeant("file name", repeatedFiles(files), MEANT_FILES),
    ...unmeant("assigned where it is written", assigned, MEANT_ASSIGNED),
    ...importCycles(files).map((group) => `import cycle: ${group.join(", ")}`),
  ];
}

function unmeant(
  what: string,
  found: readonly Repeated[],
  meant: Readonly<Record<string, string>>,
): string[] {
  const names = found.map(({ name }) => name);
  return [
    ...found
      .filter(({ name }) => !Object.hasOwn(meant, name))
      .map(({ name, files }) => `${what}: ${[name, ...files].join(", ")}`),
    ...Object.keys(meant)
      .filter((name) => !names.includes(name))
      .map((name) => `${what}: ${name} needs no reason any more`),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = complaints();
  console.log(
    found.length === 0 ? "Every name means one thing, and no file imports itself." : found.join("\n"),
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
