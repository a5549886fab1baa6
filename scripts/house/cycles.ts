/** Cycles: groups of files that import each other, directly or by way of others. Imports of types count as well. */

import { importsOf, type SourceFile } from "./sources.ts";

/** Each group as its sorted files. No cycle: no group. */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const graph = new Map(files.map((file) => [file.path, importsOf(file)]));
  const reach = new Map([...graph.keys()].map((path) => [path, reachable(graph, path)]));
  const groups = new Map<string, string[]>();
  for (const [path, others] of reach) {
    if (!others.has(path)) continue;
    const group = [...others].filter((other) => reach.get(other)?.has(path)).sort();
    groups.set(group.join(" "), group);
  }
  return [...groups.values()];
}

/** What can be reached from a file by one import or more. */
function reachable(graph: ReadonlyMap<string, readonly string[]>, from: string): Set<string> {
  const found = new Set<string>();
  const open = [...(graph.get(from) ?? [])];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next)) continue;
    found.add(next);
    open.push(...(graph.get(next) ?? []));
  }
  return found;
}
