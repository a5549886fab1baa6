/** Modules: snippets as files that a compiler and a runtime take. What they use of the library without saying so is imported. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { entries, root } from "../entries.ts";
import { fileNameOf, type Snippet } from "./snippets.ts";

/** Every exported name of the library, with the entry that has it. The first entry wins. */
export function exportedNames(): Map<string, string> {
  const names = new Map<string, string>();
  for (const { specifier, source } of entries()) {
    const text = readFileSync(join(root, source), "utf8");
    for (const [, list = ""] of text.matchAll(/export (?:type )?\{([^}]*)\}/g))
      for (const part of list.split(",")) {
        const exported =
          part
            .trim()
            .replace(/^type /, "")
            .split(" as ")
            .at(-1)
            ?.trim() ?? "";
        if (exported !== "" && !names.has(exported)) names.set(exported, specifier);
      }
    for (const [, star = ""] of text.matchAll(/export \* as (\w+)/g))
      if (!names.has(star)) names.set(star, specifier);
  }
  return names;
}

/** The snippet with imports of what it uses of the library, as a module. */
export function moduleOf({ code }: Snippet, names: ReadonlyMap<string, string>): string {
  const own = code.replace(/\/\/.*$|`[^`]*`|"[^"]*"/gm, "");
  const imported = [...names].filter(
    ([name]) =>
      new RegExp(`(?<![.\\w])${name}\\b(?!:)`).test(own) &&
      !new RegExp(`(?:import|const|let|function|class)\\b[^;=]*\\b${name}\\b`).test(own),
  );
  const imports = imported.map(([name, entry]) => `import { ${name} } from "${entry}";\n`);
  return `${imports.join("")}${code}\nexport {};\n`;
}

/**
 * Writes the snippets into a folder of their own. Returns the folder. For the compiler there is a configuration; those that are run
 * ask a server of ours instead of `https://api.example.com`.
 */
export function writeModules(snippets: readonly Snippet[], purpose: "compile" | "run"): string {
  const folder = join(root, ".cache/snippets", purpose);
  const up = relative(folder, root);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const names = exportedNames();
  for (const snippet of snippets) {
    const text = moduleOf(snippet, names);
    writeFileSync(join(folder, fileNameOf(snippet)), purpose === "run" ? withServer(text) : text);
  }
  const paths = Object.fromEntries(
    entries().map(({ specifier, source }) => [specifier, [`${up}/${source.replace(/^\.\//, "")}`]]),
  );
  const compilerOptions = { types: ["node"], isolatedDeclarations: false, declaration: false, paths };
  const include = [".", `${up}/tests/docs/context.d.ts`, `${up}/scripts/cloudflare.d.ts`];
  const configuration = { extends: `${up}/tsconfig.base.json`, compilerOptions, include, exclude: [] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(configuration));
  return folder;
}

function withServer(text: string): string {
  const url = "process.env.HOLDFAST_SNIPPET_URL";
  const local = text.replaceAll(/"https:\/\/api\.example\.com([^"]*)"/g, `\`\${${url}}$1\``);
  return `import process from "node:process";\n${local}`;
}
