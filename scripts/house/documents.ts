/** Documents: the paths, links and commands that they name, to be compared with what there is. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";
import { readJson, root } from "../entries.ts";

const IGNORED = new Set(["node_modules", "dist", ".cache", ".git"]);
const EXTENSIONS = "ts|mjs|md|jsonc|json|svg|yml|html";

/** Every document for people. */
export function documents(): string[] {
  return allFiles().filter((file) => /^[^/]+\.md$|^docs\/.|^tests\/README|^\.github\/.*[^/]$/.test(file));
}

let known: string[] | undefined;

/** Every file of the repository, and every folder with a slash at its end. */
function allFiles(): string[] {
  known ??= [...walk("")];
  return known;
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(root + folder, { withFileTypes: true })) {
    if (IGNORED.has(entry.name)) continue;
    const path = folder + entry.name;
    if (!entry.isDirectory()) yield path;
    else {
      yield `${path}/`;
      yield* walk(`${path}/`);
    }
  }
}

/** What a document names that is not there, each in a sentence. */
export function deadReferences(document: string, text = readFileSync(root + document, "utf8")): string[] {
  return [...deadPaths(text), ...deadLinks(document, text), ...deadCommands(text)].map(
    (what) => `${document}: ${what}`,
  );
}

const FILE = new RegExp(
  `(?<![\\w./@:-])(?:\\.?[\\w*-][\\w.*-]*/)*[\\w*-][\\w.*-]*\\.(?:${EXTENSIONS})\\b(?![\\w/(])`,
  "g",
);
const FOLDER = /`((?:\.?[\w-]+\/)+)`/g;
const FROM_ROOT = /`((?:src|transports|tests|bench|docs|scripts|examples|status-page)(?:\/[\w.*-]+)+)`/g;

/** A path may be written from the root, or from any folder: `pool/timer.ts`. A star stands for part of a name. */
function deadPaths(text: string): string[] {
  const outside = text.replace(/https?:\/\/\S+/g, "").replace(/\]\([^)]*\)/g, "]");
  const named = [
    ...[...outside.matchAll(FILE)].map(([path]) => path),
    ...[FOLDER, FROM_ROOT].flatMap((pattern) => [...outside.matchAll(pattern)].map(([, path = ""]) => path)),
  ];
  const missing = [...new Set(named)].filter((path) => !path.startsWith(".cache/") && !exists(path));
  return missing.map((path) => `there is no ${path}`);
}

function exists(path: string): boolean {
  const clean = path.replace(/^\.\//, "");
  const end = new RegExp(`(^|/)${clean.replace(/[.]/g, "\\.").replaceAll("*", "[^/]*")}/?$`);
  // `tests/rules/verdict` is the beginning of a file's path, as `npm test` takes it.
  return allFiles().some((file) => end.test(file) || (clean.includes("/") && file.startsWith(clean)));
}

function deadLinks(document: string, text: string): string[] {
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets.flatMap((target) => {
    if (/^[a-z]+:/.test(target)) return [];
    const [path = "", anchor] = target.split("#");
    const file = path === "" ? document : posix.join(posix.dirname(document), path);
    if (!existsSync(root + file)) return [`the link to ${target} leads nowhere`];
    if (anchor === undefined || anchorsOf(readFileSync(root + file, "utf8")).includes(anchor)) return [];
    return [`${file} has no heading #${anchor}`];
  });
}

/** As the usual public hosts make them of headings. */
export function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}

/** `steps` are the names that `npm test -- --only` takes. */
function deadCommands(text: string): string[] {
  const { scripts } = readJson<{ scripts: Readonly<Record<string, string>> }>(`${root}package.json`);
  const run = [...text.matchAll(/\bnpm run ([\w-]+(?::\w+)*)/g)].map(([, name = ""]) => name);
  return run.filter((name) => !Object.hasOwn(scripts, name)).map((name) => `there is no npm run ${name}`);
}

/** The steps that a document tells to run: `npm test -- --only node,deno`. */
export function stepsNamed(text: string): string[] {
  const lists = [...text.matchAll(/\bnpm test -- --only ([\w,-]+)/g)].map(([, list = ""]) => list);
  return lists.flatMap((list) => list.split(","));
}
