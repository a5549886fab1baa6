/**
 * Compiles a program against the packed package as the users of each set of types see it. `pool.fetch` must be assignable
 * to `typeof fetch` there, and no declaration may name a type that the set lacks.
 */
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { readJson, root } from "../entries.ts";
import type { Checks } from "../test/report.ts";
import { run } from "../test/run.ts";
import { tool } from "../test/tools.ts";
import { packingTool } from "./tools.ts";

const ESNEXT = ["ESNext", "ESNext.Disposable"];

interface TypeSet {
  readonly lib: readonly string[];
  /** What `types` names, and the folder in which that is installed. */
  readonly types?: readonly [name: string, folder: string];
}

const nodeTypes = (major: number): TypeSet => ({
  lib: ESNEXT,
  types: ["@types/node", packingTool(`types-node-${major}`)],
});

const TYPE_SETS: Readonly<Record<string, TypeSet>> = {
  "lib.dom": { lib: [...ESNEXT, "DOM", "DOM.Iterable", "DOM.AsyncIterable"] },
  "@types/node 20": nodeTypes(20),
  "@types/node 22": nodeTypes(22),
  "@types/node 24": nodeTypes(24),
  "@types/node 26": nodeTypes(26),
  "bun-types": { lib: ESNEXT, types: ["bun-types", packingTool("bun-types")] },
};

/** Imports of the entries whose API is Node's own: without its types they cannot be named. */
const NODES_OWN = /^.*"@holdfast\/pool\/(?:agent|dispatcher)";\n/gm;

/** Programs that are compiled: one that uses the package, and one that imports every entry. */
const PROGRAMS = ["consumer.ts", "every-entry.ts"];

/**
 * TypeScript 7 checks all that each set consists of. TypeScript 5.9, which takes six times as long, checks what is ours in all sets, in
 * one process.
 *
 * @param project A project in which the package is installed, and which has the programs.
 */
export function typeChecks(project: string): Checks {
  const checks: Record<string, () => Promise<void>> = {};
  const folders: string[] = [];
  for (const [name, set] of Object.entries(TYPE_SETS)) {
    checks[`types: ${name} alone, by TypeScript 7`] = async () => {
      const folder = await projectWith(project, name.replace(/\W+/g, "-"), set);
      folders.push(folder);
      await succeed([tool("tsc"), "-p", folder], folder);
    };
  }
  return {
    ...checks,
    "types: each of these sets alone, by TypeScript 5.9": () => byTypeScript5(folders, project),
    "types: Deno, with an import map": () => denoCheck(project),
  };
}

function byTypeScript5(folders: readonly string[], project: string): Promise<void> {
  const compiler = join(packingTool("typescript5"), "lib/typescript.js");
  const script = join(root, "scripts/packing/typescript5.mjs");
  return succeed([process.execPath, script, compiler, ...folders], project);
}

async function succeed(command: readonly string[], cwd: string): Promise<void> {
  const { ok, output } = await run(command, { cwd });
  if (!ok) throw new Error(output);
}

/** A folder of the project with one set of types. The package itself is found by walking up. */
async function projectWith(project: string, name: string, { lib, types }: TypeSet): Promise<string> {
  const folder = join(project, "types", name);
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "@types"), { recursive: true });
  if (types !== undefined) await symlink(types[1], join(modules, types[0]));
  for (const program of PROGRAMS) {
    const text = await readFile(join(project, program), "utf8");
    await writeFile(join(folder, program), types === undefined ? text.replace(NODES_OWN, "") : text);
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const compilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    module: "NodeNext",
    target: "ESNext",
    noEmit: true,
    lib,
    types: types === undefined ? [] : [types[0].replace("@types/", "")],
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: PROGRAMS }));
  return folder;
}

/** Deno compiles the sources, with its own types and not with those of this repository's deno.json. */
async function denoCheck(project: string): Promise<void> {
  const folder = join(project, "deno");
  await mkdir(folder);
  const { exports } = readJson<{ exports: Record<string, string> }>(join(root, "deno.json"));
  const imports: Record<string, string> = { hono: "npm:hono@^4", "hono/": "npm:/hono@^4/" };
  for (const [path, file] of Object.entries(exports))
    imports[`@holdfast/pool${path.slice(1)}`] = join(root, file);
  await writeFile(join(folder, "deno.json"), JSON.stringify({ imports, lock: false }));
  for (const program of PROGRAMS) await cp(join(project, program), join(folder, program));
  await succeed([tool("deno"), "check", ...PROGRAMS], folder);
}
