/**
 * Sources: what the library's files import and export, read from their text. Biome formats them, so every statement
 * begins at the start of a line, and no parser is needed.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { root } from "../entries.ts";

export interface SourceFile {
  /** From the repository's root: `src/rules/verdict.ts`. */
  readonly path: string;
  /** Without comments, whose examples import as well. */
  readonly code: string;
}

/** Every source file of the library. */
export function sourceFiles(): SourceFile[] {
  const inFolders = ["src", "transports"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".ts"))
      .map((file) => `${folder}/${file.replaceAll("\\", "/")}`),
  );
  return ["mod.ts", ...inFolders].sort().map((path) => ({ path, code: codeOf(path) }));
}

function codeOf(path: string): string {
  const lines = readFileSync(join(root, path), "utf8").split("\n");
  return lines.filter((line) => !/^\s*(\/\/|\/\*|\*)/.test(line)).join("\n");
}

const FROM = /^(?:import|export)\b[^;"']*?["'](\.[^"']+)["']/gm;
const DYNAMIC = /\bimport\("(\.[^"]+)"\)/g;

/** The files that a file imports, by any kind of import: of values, of types, and those that load later. */
export function importsOf({ path, code }: SourceFile): string[] {
  const specifiers = [...code.matchAll(FROM), ...code.matchAll(DYNAMIC)].map(
    ([, specifier = ""]) => specifier,
  );
  return [...new Set(specifiers.map((specifier) => posix.join(posix.dirname(path), specifier)))].sort();
}

const DECLARED =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/gm;

/** The names that a file declares and exports. Re-exports are another file's names. */
export function exportsOf({ code }: SourceFile): string[] {
  return [...new Set([...code.matchAll(DECLARED)].map(([, name = ""]) => name))];
}
