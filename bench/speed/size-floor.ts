/**
 * Size floor: what a pool for Node would load for a plain GET if everything that this does not run were loaded later. It shows how much
 * any splitting can save: the bodies of all functions that did not run are left out, their names and all else stay. A map says which
 * folders the bytes come from.
 */

import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { parseAst } from "rollup/parseAst";
import { readJson, root } from "../../scripts/entries.ts";
import type { BundleSize } from "./bundle.ts";

const ENTRY = `export { nodeTransport } from "./transports/node.ts"; export { createPool } from "./mod.ts"`;

/** The file finds its transport in itself. */
const FILE = "size-floor.mjs";

/** The floor, and each folder as it is and as the floor has it. */
export async function sizeFloor(dir: string): Promise<BundleSize[]> {
  const code = await oneFile();
  await writeFile(join(dir, FILE), code);
  const cut = withoutIdle(code, await idleFunctions(dir));
  const [before, after] = [byFolder(code), byFolder(cut)];
  const folders = await Promise.all(
    [...before].map(async ([folder, text]) => {
      const [whole, ran] = await Promise.all([sized("", text), sized("", after.get(folder) ?? "")]);
      return { ...whole, name: `of that, ${folder}, of which ${ran.minified} run` };
    }),
  );
  return [
    await sized("createPool for Node alone, in one chunk", code),
    await sized("the same without the functions that a plain GET does not run", cut),
    ...folders.sort((a, b) => b.minified - a.minified),
  ];
}

/** The pool and its transport in one file, short but for white space, and for the comments that say where a source begins. */
async function oneFile(): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: root, loader: "ts" },
    absWorkingDir: root,
    bundle: true,
    minifyIdentifiers: true,
    minifySyntax: true,
    format: "esm",
    platform: "node",
    target: "es2023",
    write: false,
    plugins: [
      {
        name: "on demand",
        setup: ({ onResolve }) =>
          onResolve({ filter: /^\./ }, ({ kind, path }) =>
            kind === "dynamic-import"
              ? { path: path === "./node.ts" ? `./${FILE}` : path, external: true }
              : undefined,
          ),
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

/** Where functions begin and end that a plain GET does not run. It is sent by a process of its own, whose coverage Node writes. */
async function idleFunctions(dir: string): Promise<ReadonlySet<string>> {
  const server = createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const coverage = await mkdtemp(join(dir, "coverage-"));
  try {
    const program = `
      import { createPool } from ${JSON.stringify(pathToFileURL(join(dir, FILE)).href)};
      const response = await createPool().request("http://127.0.0.1:${port}/");
      await response.text();
      process.exit();`;
    const env = { ...process.env, NODE_V8_COVERAGE: coverage, NODE_OPTIONS: "" };
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { env });
    const [report = ""] = await readdir(coverage);
    const { result } = readJson<Coverage>(join(coverage, report));
    const functions = result.find(({ url }) => url.endsWith(FILE))?.functions ?? [];
    const wholes = functions.flatMap(({ ranges }) => ranges.slice(0, 1));
    return new Set(
      wholes.flatMap(({ count, startOffset, endOffset }) =>
        count === 0 ? [`${startOffset} ${endOffset}`] : [],
      ),
    );
  } finally {
    server.close();
    await rm(coverage, { recursive: true, force: true });
  }
}

/** As Node writes it. The first range of a function is the whole of it. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly ranges: readonly {
        readonly count: number;
        readonly startOffset: number;
        readonly endOffset: number;
      }[];
    }[];
  }[];
}

/** What of a syntax tree is looked at. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly body?: Node | readonly Node[] | null;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && "start" in value;

/** The code with the bodies of these functions emptied. V8 counts a method from its name on. */
function withoutIdle(code: string, idle: ReadonlySet<string>): string {
  const cuts: Node[] = [];
  const visit = (node: Node, parent: Node): void => {
    const { body } = node;
    const isIdle = [node, parent].some(({ start, end }) => idle.has(`${start} ${end}`));
    if (/Function/.test(node.type) && isIdle && isNode(body)) cuts.push(body);
    else for (const child of Object.values(node).flat()) if (isNode(child)) visit(child, node);
  };
  const program: unknown = parseAst(code);
  if (!isNode(program)) return code;
  visit(program, program);
  let kept = "";
  let at = 0;
  for (const { type, start, end } of cuts.sort((a, b) => a.start - b.start)) {
    kept += code.slice(at, start) + (type === "BlockStatement" ? "{}" : "0");
    at = end;
  }
  return kept + code.slice(at);
}

/** The code of each folder. */
function byFolder(code: string): Map<string, string> {
  const folders = new Map<string, string>();
  for (const part of code.split(/^\/\/ (?=(?:src|transports)\/)/m).slice(1)) {
    const lineEnd = part.indexOf("\n");
    const folder = part
      .slice(0, lineEnd)
      .split("/")
      .slice(0, 2)
      .filter((name) => !name.endsWith(".ts"))
      .join("/");
    // What is exported stands at the end.
    folders.set(folder, (folders.get(folder) ?? "") + part.slice(lineEnd).replace(/^export \{[^}]*\};/m, ""));
  }
  return folders;
}

async function sized(name: string, code: string): Promise<BundleSize> {
  // Names were shortened before, with all of the code in sight.
  const { code: minified } = await transform(code, { minifyWhitespace: true, minifySyntax: false });
  return { name, minified: minified.length, gzipped: gzipSync(minified, { level: 9 }).length };
}
