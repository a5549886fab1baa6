/** A seed gives the same run on every runtime. This test runs on Node, which starts the others. */

import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { assertEquals } from "@std/assert";

const root = fileURLToPath(new URL("../../", import.meta.url));
const script = "tests/simulation/hashes.ts";
const isNode = !("Deno" in globalThis) && !("Bun" in globalThis);

/** What the script prints. */
async function hashesBy(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, [...args, script], { cwd: root });
  return stdout;
}

test("a seed gives the same run on Node, Deno and Bun", { skip: !isNode, timeout: 120_000 }, async () => {
  const bin = `${root}node_modules/.bin`;
  const [onNode, onDeno, onBun] = await Promise.all([
    hashesBy(process.execPath, "--import", "tsx"),
    hashesBy(`${bin}/deno`, "run", "--allow-all", "--no-check"),
    hashesBy(`${bin}/bun`, "run"),
  ]);
  assertEquals(onNode.split("\n").length, 18);
  assertEquals(onDeno, onNode, "on Deno");
  assertEquals(onBun, onNode, "on Bun");
});
