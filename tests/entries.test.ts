import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { entries, readJson, root } from "../scripts/entries.ts";

interface DenoJson {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

interface TsConfig {
  readonly compilerOptions: { readonly paths: Readonly<Record<string, readonly [string]>> };
}

const deno = readJson<DenoJson>(`${root}deno.json`);
const expected = Object.fromEntries(entries().map(({ specifier, source }) => [specifier, `./${source}`]));

/** Comments in tsconfig.json stand on lines of their own. */
function readTsConfig(): TsConfig {
  return JSON.parse(readFileSync(`${root}tsconfig.json`, "utf8").replace(/^\s*\/\/.*$/gm, ""));
}

describe("the entry points of package.json", () => {
  it("are those of deno.json", () => {
    const exports = Object.entries(deno.exports).map(([path, file]) => [deno.name + path.slice(1), file]);
    assertEquals(Object.fromEntries(exports), expected);
  });

  it("are those tsconfig.json finds by name", () => {
    const paths = Object.entries(readTsConfig().compilerOptions.paths).map(([name, [file]]) => [name, file]);
    assertEquals(Object.fromEntries(paths), expected);
  });

  it("all have a source", () => {
    for (const { source } of entries()) assert(existsSync(root + source), `${source} is missing`);
  });
});

describe("package.json and deno.json", () => {
  it("name one version", () => {
    assertEquals(deno.version, readJson<{ version: string }>(`${root}package.json`).version);
  });
});
