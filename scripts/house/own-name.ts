/**
 * Own name: which tests reach an import of the library by its name. Without a loader, Node finds the built files by that name, which
 * are not there when the tests run: a test that plain Node runs must import sources.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../entries.ts";
import { importsOf } from "./sources.ts";

/** Imports and re-exports that are left when types are erased. Those within a text of the file do not begin a line. */
const BY_NAME =
  /^(?:import|export)\b(?!\s+type\b)(?:[^;"']*\bfrom)?\s*["'](@holdfast\/pool(?:\/[\w-]+)?)["']/gm;
const LATER_BY_NAME = /\bimport\(\s*"(@holdfast\/pool(?:\/[\w-]+)?)"/g;

/** The text of a file; `undefined` for what is no source of ours. */
export type ReadSource = (path: string) => string | undefined;

const fromDisk: ReadSource = (path) =>
  path.endsWith(".ts") && existsSync(join(root, path)) ? readFileSync(join(root, path), "utf8") : undefined;

/** One line for each import by name in the files, and in all that they import. */
export function importsByName(files: readonly string[], read: ReadSource = fromDisk): string[] {
  const reached = new Set(files.map((file) => file.replace(/^\.\//, "")));
  const found: string[] = [];
  // A set is walked on to what is added meanwhile.
  for (const path of reached) {
    const code = read(path);
    if (code === undefined) continue;
    for (const pattern of [BY_NAME, LATER_BY_NAME])
      for (const [, name = ""] of code.matchAll(pattern)) found.push(`${path} imports ${name}`);
    for (const imported of importsOf({ path, code })) reached.add(imported);
  }
  return found.sort();
}
