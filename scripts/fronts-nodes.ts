/**
 * Fronts on every Node: the tests of `agent()`, `dispatcher()` and `keepAliveServer()` on Node 22 and on Node 26, which `npm test` has not.
 * Each Node is a package of npm, installed in `.cache/nodes`.
 *
 * ```sh
 * npm run fronts:nodes                     # both
 * npm run fronts:nodes -- --node 26.9.0    # another version
 * ```
 *
 * Exit code: 0 if all tests pass, 1 if one fails, 2 where there is no such Node for this platform.
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { readJson, root } from "./entries.ts";
import { run } from "./test/run.ts";
import { npm, testFiles } from "./test/tools.ts";

const FRONTS = ["tests/agent/", "tests/dispatcher/", "tests/server/"];

const { version: node22 } = readJson<{ version: string }>(join(root, "scripts/node22/package.json"));
const { values } = parseArgs({ options: { node: { type: "string", default: `${node22},26.12.1` } } });
let code = 0;
for (const version of values.node.split(",")) code = Math.max(code, await testOn(version));
process.exitCode = code;

async function testOn(version: string): Promise<number> {
  const node = await installed(version);
  if (node === undefined) {
    console.error(`There is no Node ${version} for ${process.platform}-${process.arch}.`);
    return 2;
  }
  // From Node 24 on it takes the sources as they are.
  const loader = Number.parseInt(version, 10) < 24 ? ["--import", "tsx"] : [];
  const { ok, output } = await run([node, ...loader, "--test", "--test-reporter=tap", ...testFiles(FRONTS)], {
    cwd: root,
  });
  const count = (what: string): string => output.match(new RegExp(`^# ${what} (\\d+)`, "m"))?.[1] ?? "?";
  console.log(
    `Node ${version}: ${count("pass")} passed, ${count("fail")} failed, ${count("skipped")} skipped`,
  );
  for (const [line] of output.matchAll(/^ *not ok .*$/gm)) console.log(line);
  return ok ? 0 : 1;
}

/** The program, from the package of this platform. */
async function installed(version: string): Promise<string | undefined> {
  const home = join(root, ".cache/nodes", version);
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const program = join(home, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node");
  if (existsSync(program)) return program;
  mkdirSync(home, { recursive: true });
  writeFileSync(join(home, "package.json"), JSON.stringify({ private: true }));
  await run([...npm, "install", "--no-audit", "--no-fund", `${name}@${version}`], { cwd: home });
  return existsSync(program) ? program : undefined;
}
