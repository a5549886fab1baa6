/** Names: exported names and file names that occur more than once, so that a reader has to ask which one is meant. */

import { posix } from "node:path";
import { exportsOf, type SourceFile } from "./sources.ts";

/** A name, and the files that it occurs in. */
export interface Repeated {
  readonly name: string;
  readonly files: readonly string[];
}

/** Names that several files declare and export. */
export function repeatedExports(files: readonly SourceFile[]): Repeated[] {
  return repeated(files.flatMap((file) => exportsOf(file).map((name) => [name, file.path] as const)));
}

/**
 * A type and a function of two files whose names differ by the case of their first letter alone, where the function does
 * not make the type: `connectionInfo()` may only be what makes a `ConnectionInfo`.
 */
export function alikeExports(files: readonly SourceFile[]): Repeated[] {
  const byName = new Map(files.flatMap((file) => exportsOf(file).map((name) => [name, file] as const)));
  return [...byName].flatMap(([name, file]) => {
    const type = name.charAt(0).toUpperCase() + name.slice(1);
    const other = byName.get(type);
    if (other === undefined || other === file || functionText(file, name).includes(type)) return [];
    return [{ name, files: [file.path, other.path].sort() }];
  });
}

/** A function from its name to the brace that ends it. */
function functionText({ code }: SourceFile, name: string): string {
  const start = code.search(new RegExp(`^export (async )?function\\*? ${name}\\b`, "m"));
  return start === -1 ? "" : code.slice(code.indexOf("(", start), code.indexOf("\n}\n", start));
}

/** File names that occur in several folders. */
export function repeatedFiles(files: readonly SourceFile[]): Repeated[] {
  return repeated(files.map(({ path }) => [posix.basename(path), path] as const));
}

function repeated(pairs: readonly (readonly [name: string, file: string])[]): Repeated[] {
  const byName = new Map<string, Set<string>>();
  for (const [name, file] of pairs) byName.set(name, (byName.get(name) ?? new Set()).add(file));
  return [...byName]
    .filter(([, files]) => files.size > 1)
    .map(([name, files]) => ({ name, files: [...files].sort() }))
    .sort((a, b) => a.name.localeCompare(b.name));
}
