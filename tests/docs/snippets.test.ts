/** Every snippet of the documents is compiled, and those that are marked run on all runtimes and print what is written. */

import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assert, assertEquals } from "@std/assert";
import { writeModules } from "../../scripts/docs/modules.ts";
import { fileNameOf, type Snippet, snippetsOf } from "../../scripts/docs/snippets.ts";
import { documents } from "../../scripts/house/documents.ts";
import { run } from "../../scripts/test/run.ts";
import { nodeWithTsx, tool } from "../../scripts/test/tools.ts";
import { PATIENT } from "../support/patience.ts";

/** It starts all runtimes itself. */
const once = process.versions.deno !== undefined || process.versions.bun !== undefined;

const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  Node: nodeWithTsx,
  Deno: [tool("deno"), "run", "-A", "--no-check"],
  Bun: [tool("bun")],
};

const snippets = documents().flatMap((document) => snippetsOf(document));
const running = snippets.filter(({ runs }) => runs);

/** Runs the snippets on a runtime. Returns what each has printed. */
async function printed(command: readonly string[]): Promise<string[]> {
  const program = fileURLToPath(new URL("run-snippets.ts", import.meta.url));
  const folder = writeModules(running, "run");
  const files = running.map((snippet) => join(folder, fileNameOf(snippet)));
  const { ok, output } = await run([...command, program, ...files], { signal: AbortSignal.timeout(100_000) });
  assert(ok, output);
  return JSON.parse(output.trim().split("\n").at(-1) ?? "");
}

describe("the snippets of the documents", { skip: once && "Node starts the other runtimes" }, () => {
  it("compile", PATIENT, async () => {
    assert(snippets.length > 30, `${snippets.length} snippets were found`);
    const folder = writeModules(snippets, "compile");
    const { output } = await run([tool("tsc"), "-p", folder], { signal: AbortSignal.timeout(120_000) });
    assertEquals(output, "");
  });

  it("are run where a document says so", () => assert(running.length >= 12, `${running.length} are run`));

  for (const [runtime, command] of Object.entries(RUNTIMES))
    it(`print what is written, on ${runtime}`, PATIENT, async () => {
      for (const [at, text] of (await printed(command)).entries()) {
        const { document, line, prints } = running[at] as Snippet;
        if (prints !== undefined) assertEquals(text, prints.trim(), `${document}:${line}`);
      }
    });

  it("have their line, their mark and their output", () => {
    const text = "# A\n\n```ts\none();\n```\n\n<!-- runs -->\n```ts\ntwo();\n```\n\n```text\n2\n```\n";
    assertEquals(
      snippetsOf("docs/a.md", text).map(({ line, code, runs, prints }) => [line, code, runs, prints]),
      [
        [3, "one();\n", false, undefined],
        [8, "two();\n", true, "2\n"],
      ],
    );
  });
});
