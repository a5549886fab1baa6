/** The preload, in a child process of the runtime that runs this test. */

import { spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { onThisRuntime } from "../support/own-runtime.ts";
import { PATIENT } from "../support/patience.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const entry = onThisRuntime(new URL("../../src/register/mod.ts", import.meta.url)).at(-1) ?? "";

/** How this runtime loads a module before the program. Node 20 reads no TypeScript by itself. */
function command(program: string, config: string): readonly string[] {
  if ("Deno" in globalThis)
    return [process.execPath, "run", "-A", "--no-check", `--preload=${entry}`, program];
  if ("Bun" in globalThis) return [process.execPath, "--preload", entry, program];
  const loader = config.endsWith(".ts") ? ["--import", "tsx"] : [];
  return [process.execPath, ...loader, "--import", entry, program];
}

/** What the program prints, what it says of errors, and its exit code. */
function run(variables: Readonly<Record<string, string>>): Promise<[string[], string, number | null]> {
  const [file = "", ...args] = command(`${root}tests/register/child.mjs`, variables.HOLDFAST_CONFIG ?? "");
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("HOLDFAST_"));
  const env = { ...Object.fromEntries(own), NO_COLOR: "1", REGISTER: entry, ...variables };
  const child = spawn(file, args, { cwd: root, env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      chunks[name] += text;
    });
  }
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", (code) => settle([chunks.stdout.trim().split("\n"), chunks.stderr, code]));
  });
}

const printed = (idleTimeout: string) => [
  'true "hello" false 1',
  'true "hello" true 2',
  '"own" "function"',
  `1 "${idleTimeout}" "option"`,
  "true",
  "true",
];

describe("@holdfast/pool/register as a preload", PATIENT, () => {
  let server: Server;
  let ORIGIN = "";

  before(async () => {
    server = createServer((_request, response) => response.end("hello"));
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    ORIGIN = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  });

  after(() => {
    server.close();
    server.closeAllConnections();
  });

  it(
    "makes the global fetch a pool's, with options from variables, until it is taken out",
    PATIENT,
    async () => {
      const [output, , code] = await run({ ORIGIN, HOLDFAST_IDLE_TIMEOUT: "30s" });
      assertEquals([output, code], [printed("30s"), 0]);
    },
  );

  it("takes options from a config module, over which variables win", PATIENT, async () => {
    const HOLDFAST_CONFIG = "./tests/register/holdfast.config.mjs";
    const [output, , code] = await run({ ORIGIN, HOLDFAST_CONFIG });
    assertEquals(
      output.filter((line) => line !== "opened"),
      printed("20s"),
    );
    assertEquals([output.filter((line) => line === "opened").length, code], [2, 0]);
    const [won] = await run({ ORIGIN, HOLDFAST_CONFIG, HOLDFAST_IDLE_TIMEOUT: "40s" });
    assertEquals(
      won.filter((line) => line !== "opened"),
      printed("40s"),
    );
  });

  for (const name of ["holdfast.config.cjs", "holdfast.config.json", "holdfast.config.ts"]) {
    it(`reads ${name}`, PATIENT, async () => {
      const [output, , code] = await run({ ORIGIN, HOLDFAST_CONFIG: `tests/register/${name}` });
      assertEquals([output, code], [printed("25s"), 0]);
    });
  }

  for (const [what, variables, said] of [
    [
      "a wrong value",
      { HOLDFAST_MAX_REQUESTS: "some" },
      'TypeError: HOLDFAST_MAX_REQUESTS="some": maxRequests must be',
    ],
    [
      "a config module that is not there",
      { HOLDFAST_CONFIG: "./tests/register/none.mjs" },
      'TypeError: HOLDFAST_CONFIG="./tests/register/none.mjs": it cannot be imported',
    ],
    [
      "a config file that is not there",
      { HOLDFAST_CONFIG: "./tests/register/child.json" },
      'TypeError: HOLDFAST_CONFIG="./tests/register/child.json": it cannot be imported',
    ],
    [
      "a config module without options",
      { HOLDFAST_CONFIG: "./tests/std-assert/mod.ts" },
      'TypeError: HOLDFAST_CONFIG="./tests/std-assert/mod.ts": it has no default export',
    ],
  ] as const) {
    it(`ends the program with an error that names the variable, for ${what}`, PATIENT, async () => {
      const [output, error, code] = await run({ ORIGIN, ...variables });
      assertEquals([output, code], [[""], 1]);
      assertStringIncludes(error.replace(/^error: /gm, ""), said.replace(/^TypeError: /, ""));
    });
  }
});
