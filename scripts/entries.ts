import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The repository's root, with a slash at its end. */
export const root: string = fileURLToPath(new URL("..", import.meta.url));

export interface Entry {
  /** As imported: `@holdfast/pool/node`. */
  readonly specifier: string;
  /** Where it is written: `transports/node.ts`. */
  readonly source: string;
}

/** For files of this repository. Their content is known, so the caller names its type. */
export function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"));
}

interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, string | { readonly default: string }>>;
}

/** The entry points package.json exports, each with the source its build comes from. */
export function entries(): Entry[] {
  const { name, exports } = readJson<Manifest>(`${root}package.json`);
  return Object.entries(exports).flatMap(([path, target]) =>
    typeof target === "string" ? [] : [{ specifier: name + path.slice(1), source: sourceOf(target.default) }],
  );
}

/** `./dist/transports/node.js` is built from `transports/node.ts`. */
function sourceOf(built: string): string {
  return built.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts");
}
