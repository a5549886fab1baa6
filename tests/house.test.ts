/** The order of the sources: names that mean one thing, and imports that go one way. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { assignedFunctions } from "../scripts/house/assigned-functions.ts";
import { importCycles } from "../scripts/house/cycles.ts";
import { alikeExports, repeatedExports, repeatedFiles } from "../scripts/house/names.ts";
import { importsByName } from "../scripts/house/own-name.ts";
import { exportsOf, importsOf, type SourceFile } from "../scripts/house/sources.ts";
import { complaints } from "../scripts/house.ts";
import { onSeveralNodes, testFiles } from "../scripts/test/tools.ts";

/** Files of these texts. They import files that exist: those are looked up. */
function files(texts: Readonly<Record<string, string>>): SourceFile[] {
  return Object.entries(texts).map(([path, code]) => ({ path, code }));
}

describe("the sources", () => {
  it("have no name that means two things, no file name twice and no import cycle", () => {
    assertEquals(complaints(), []);
  });
});

describe("importsOf", () => {
  it("finds imports of values, of types, for their effects, re-exports and late ones", () => {
    const code = [
      'import type { Rules } from "./rules.ts";',
      'import {\n  a,\n  type B,\n} from "./admission.ts";',
      'import "./socket-options.ts";',
      'export { verdict } from "./verdict.ts";',
      'export const x = import("./retry.ts");',
      'import { z } from "elsewhere";',
    ].join("\n");
    const found = importsOf({ path: "src/rules/idle-choice.ts", code });
    assertEquals(
      found,
      ["admission", "retry", "rules", "socket-options", "verdict"].map((name) => `src/rules/${name}.ts`),
    );
  });
});

describe("exportsOf", () => {
  it("finds what a file declares, and not what it passes on", () => {
    const code = [
      "export interface A {}",
      "export type B<T> = T;",
      "export abstract class C {}",
      "export async function d() {}",
      "export const E = 1;",
      'export { f } from "./f.ts";',
      "function g() {}",
    ].join("\n");
    assertEquals(exportsOf({ path: "src/x.ts", code }), ["A", "B", "C", "d", "E"]);
  });
});

describe("assignedFunctions", () => {
  it("finds functions where they are assigned to a property, and no others", () => {
    const found = [
      "  body.onSpent = () => drop(body);",
      "  this.#settle ??= async (error: unknown): Promise<void> => {",
      "  list[0].failed =\n    (error) => undefined;",
      "  server.emit = function (this: Server, event) {",
    ];
    const others = [
      "  const next = () => this.put(head);",
      "  this.#next = next;",
      "  readonly request = async () => {};",
      "  this.#cut = this.parts.map((part) => part.length);",
      "  const { done } = { done: () => 1 };",
    ];
    const code = [...found, ...others].join("\n");
    assertEquals(
      assignedFunctions([{ path: "a.ts", code }]),
      ["onSpent", "#settle", "failed", "emit"].map((name) => `a.ts ${name}`),
    );
  });
});

describe("names", () => {
  it("are found when two files export them", () => {
    const found = repeatedExports(files({ "a.ts": "export const x = 1;", "b/a.ts": "export type x = 1;" }));
    assertEquals(found, [{ name: "x", files: ["a.ts", "b/a.ts"] }]);
  });

  it("are found when a function is named like a type that it does not make", () => {
    const made = "export function info(): Info {\n  return {};\n}\n";
    const other = "export function info(): string {\n  return x;\n}\n";
    assertEquals(alikeExports(files({ "a.ts": "export interface Info {}", "b.ts": made })), []);
    assertEquals(alikeExports(files({ "a.ts": "export interface Info {}", "b.ts": other })), [
      { name: "info", files: ["a.ts", "b.ts"] },
    ]);
  });

  it("of files are found in two folders", () => {
    assertEquals(repeatedFiles(files({ "a/x.ts": "", "b/x.ts": "", "c/y.ts": "" })), [
      { name: "x.ts", files: ["a/x.ts", "b/x.ts"] },
    ]);
  });
});

describe("importCycles", () => {
  it("finds a cycle of types by way of a third file, and only its files", () => {
    const found = importCycles(
      files({
        "src/rules/rules.ts": 'import type { A } from "./verdict.ts";',
        "src/rules/verdict.ts": 'import type { B } from "./admission.ts";',
        "src/rules/admission.ts": 'import type { C } from "./rules.ts";',
        "src/rules/retry.ts": 'import type { C } from "./rules.ts";',
      }),
    );
    assertEquals(found, [["src/rules/admission.ts", "src/rules/rules.ts", "src/rules/verdict.ts"]]);
  });
});

describe("the tests that Node 24 runs without a loader", () => {
  it("import the sources: the library's name stands for the built files", () => {
    assertEquals(importsByName(onSeveralNodes(testFiles([]))), []);
  });

  it("are found by what they import, and by what that imports, but not by types", () => {
    const texts: Readonly<Record<string, string>> = {
      "tests/a.test.ts": 'import { x } from "./support/x.ts";\nimport type { Pool } from "@holdfast/pool";\n',
      "tests/support/x.ts": 'export const x = () => import("@holdfast/pool/hono");\n',
      "tests/b.test.ts": 'import {\n  createPool,\n  type Pool,\n} from "@holdfast/pool";\n',
      "tests/c.test.ts": "  const text = 'import { y } from \"@holdfast/pool\";';\n",
    };
    const found = importsByName(
      ["./tests/a.test.ts", "./tests/b.test.ts", "./tests/c.test.ts"],
      (path) => texts[path],
    );
    assertEquals(found, [
      "tests/b.test.ts imports @holdfast/pool",
      "tests/support/x.ts imports @holdfast/pool/hono",
    ]);
  });
});
