/**
 * House: lists what makes it hard to find one's way through the sources: exported names that mean two things, file names
 * that occur twice, and import cycles. Exceptions are listed here, each with its reason. `tests/house.test.ts` runs it.
 *
 * ```sh
 * node --import tsx scripts/house.ts
 * ```
 */

import { pathToFileURL } from "node:url";
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

/** What is not meant to be so, one line each, and reasons above that nothing needs. */
export function complaints(): string[] {
  const files = sourceFiles();
  return [
    ...unmeant("exported twice", [...repeatedExports(files), ...alikeExports(files)], MEANT_NAMES),
    ...unmeant("file name", repeatedFiles(files), MEANT_FILES),
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
      .map(({ name, files }) => `${what}: ${name} in ${files.join(", ")}`),
    ...Object.keys(meant)
      .filter((name) => !names.includes(name))
      .map((name) => `${what}: ${name} occurs once, and needs no reason any more`),
  ];
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const found = complaints();
  console.log(
    found.length === 0 ? "Every name means one thing, and no file imports itself." : found.join("\n"),
  );
  process.exitCode = found.length === 0 ? 0 : 1;
}
