/** Layers: which folder may import which, read from the rules of biome.jsonc. */

import { existsSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { root } from "../entries.ts";

interface Override {
  readonly includes: readonly string[];
  readonly linter: {
    readonly rules: { readonly style?: { readonly noRestrictedImports?: Restriction } };
  };
}

interface Restriction {
  readonly options: { readonly patterns: readonly [{ readonly group: readonly string[] }] };
}

/** Folders and files, each with all that it may import beside itself: folders of `src`, files, and packages. */
export function layers(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { includes, linter } of readConfiguration().overrides) {
    const group = linter.rules.style?.noRestrictedImports?.options.patterns[0].group ?? [];
    for (const included of group.length === 0 ? [] : includes) {
      const importer = withoutStars(included);
      const name = nameOf(importer);
      const targets = group.flatMap(allowed).flatMap((pattern) => targetOf(importer, pattern));
      const others = targets.filter((target) => target !== name);
      found.set(name, new Set([...(found.get(name) ?? []), ...others]));
    }
  }
  return found;
}

/** Comments in biome.jsonc stand on lines of their own. */
function readConfiguration(): { readonly overrides: readonly Override[] } {
  return JSON.parse(readFileSync(`${root}biome.jsonc`, "utf8").replace(/^\s*\/\/.*$/gm, ""));
}

/** `src/pool/*.ts` is about the folder `src/pool`. */
function withoutStars(pattern: string): string {
  return pattern.replace(/\/\*+(\.ts)?$/, "");
}

/** As the table of ARCHITECTURE.md writes it. Parts of `http1`, `http2` and `hono` have no rows of their own. */
function nameOf(path: string): string {
  return path.replace(/^src\//, "").replace(/^(http1|http2|hono)\/.*/, "$1");
}

/** `!../{a,b}/**` allows `../a/**` and `../b/**`. A pattern without `!` forbids. */
function allowed(pattern: string): string[] {
  if (!pattern.startsWith("!")) return [];
  const path = pattern.slice(1);
  const [braces = "", list = ""] = path.match(/\{([^}]*)\}/) ?? [];
  return list.split(",").map((name) => path.replace(braces, name));
}

/** What a pattern allows. Some patterns are for subfolders of the importer only, and lead nowhere from here. */
function targetOf(importer: string, pattern: string): string[] {
  if (!pattern.startsWith(".")) return [pattern];
  const folder = importer.endsWith(".ts") ? posix.dirname(importer) : importer;
  const path = withoutStars(posix.join(folder, pattern));
  if (path === "src")
    return importer === "src/create-pool.ts" || importer === "mod.ts" ? ["src"] : ["create-pool.ts"];
  return existsSync(root + path) ? [nameOf(path)] : [];
}
