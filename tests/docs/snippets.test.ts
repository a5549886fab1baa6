/** Every snippet of the documents is compiled, and those that are marked run on all runtimes and print what is written. */

import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import process from "node:process";
import { describe, it } from "node:test";
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

/** Runs a program, and returns what it has printed. `https://api.example.com` is a server of ours. */
async function printed(command: readonly string[], snippet: Snippet, url: string): Promise<string> {
  const file = join(writeModules([]), fileNameOf(snippet));
  writeFileSync(file, snippet.code.replaceAll("https://api.example.com", url));
  const { ok, output } = await run([...command, file], { signal: AbortSignal.timeout(60_000) });
  assert(ok, output);
  return output;
}

describe("the snippets of the documents", { skip: once && "Node starts the other runtimes" }, () => {
  it("compile", PATIENT, async () => {
    assert(snippets.length > 30, `${snippets.length} snippets were found`);
    const folder = writeModules(snippets);
    const { output } = await run([tool("tsc"), "-p", folder], { signal: AbortSignal.timeout(120_000) });
    assertEquals(output, "");
  });

  const running = snippets.filter(({ runs }) => runs);
  it("are run where a document says so", () => assert(running.length >= 2));

  for (const snippet of running)
    for (const [runtime, command] of Object.entries(RUNTIMES))
      it(`${snippet.document}:${snippet.line} prints what is written, on ${runtime}`, PATIENT, async () => {
        const server = createServer((_, response) => response.end("[1,2,3]")).listen(0, "127.0.0.1");
        await new Promise((resolve) => server.once("listening", resolve));
        try {
          const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
          assertEquals((await printed(command, snippet, url)).trim(), snippet.prints?.trim());
        } finally {
          server.close();
          server.closeAllConnections();
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
