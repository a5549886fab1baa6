/**
 * WPT: runs the fetch tests of web-platform-tests with the pool's `fetch`, every file in a process of its own, and compares
 * the results with `tests/wpt/expectations.json`. The tests are not in this repository: bring a checkout.
 *
 * ```sh
 * # nodejs/undici had the tests, and a server for them, until the commit before e2dc4daf6:
 * git clone https://github.com/nodejs/undici && git -C undici checkout e2dc4daf6~1
 * npm run wpt -- undici                          # on Node 24
 * npm run wpt -- undici --runtime deno           # or bun, or node: the Node you have
 * npm run wpt -- undici --only redirect          # files whose path contains this
 * npm run wpt -- undici --runtime bun --write    # make the list of this runtime anew; reasons are kept
 * npm run wpt -- undici --impl native            # the runtime's own fetch, compared with nothing
 * npm run wpt -- undici --built                  # dist/mod.js instead of the sources
 * ```
 *
 * Exit code 0: as expected; 1: reality differs from the list, or a failure has no reason there; 2: wrong usage.
 */

import process from "node:process";
import { parseArgs } from "node:util";
import { Checkout } from "./wpt/checkout.ts";
import { Expectations, type Verdict } from "./wpt/expectations.ts";
import { type FileResult, runFile } from "./wpt/run-file.ts";
import { commandOf, isRuntime } from "./wpt/runtimes.ts";

/** Files at the same time. The server and the tests wait more than they compute. */
const AT_ONCE = 2;

process.exitCode = await main(process.argv.slice(2));

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      runtime: { type: "string", default: "node24" },
      impl: { type: "string", default: "holdfast" },
      only: { type: "string", default: "" },
      built: { type: "boolean", default: false },
      write: { type: "boolean", default: false },
      details: { type: "boolean", default: false },
    },
  });
  const [path] = positionals;
  const { runtime, impl, only, built } = values;
  if (path === undefined || !isRuntime(runtime) || (impl !== "holdfast" && impl !== "native")) {
    console.error(
      "npm run wpt -- PATH [--runtime node24|node|deno|bun] [--impl holdfast|native] [--only TEXT]",
    );
    return 2;
  }
  const expectations = Expectations.read();
  const checkout = new Checkout(path);
  const pool = built ? "dist/mod.js" : "mod.ts";
  const poolModule = impl === "native" ? undefined : pool;
  const files = checkout.files().filter((file) => file.includes(only) && !expectations.skips(file));
  const results = await runAll(checkout, files, (job) => runFile(commandOf(runtime), job, poolModule));
  console.log(countsOf(runtime, impl, results));
  if (impl === "native") {
    if (values.details) console.log(failuresOf(results));
    return 0;
  }
  if (values.write) expectations.write(runtime, results, only !== "");
  const verdict = expectations.judge(runtime, results);
  console.log(report(verdict));
  return verdict.differences.length === 0 && verdict.unexplained.length === 0 ? 0 : 1;
}

async function runAll(
  checkout: Checkout,
  files: readonly string[],
  run: (job: ReturnType<Checkout["jobs"]>[number]) => Promise<FileResult>,
): Promise<FileResult[]> {
  await using server = await checkout.serve();
  const waiting = files.flatMap((file) => checkout.jobs(file, server.url));
  const results: FileResult[] = [];
  const work = async (): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      await server.ready();
      results.push(await run(job));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results.sort((a, b) => (a.file < b.file ? -1 : 1));
}

function countsOf(runtime: string, impl: string, results: readonly FileResult[]): string {
  const all = results.flatMap(({ tests }) => tests);
  const passed = all.filter(({ passed }) => passed).length;
  return `${runtime}, ${impl}: ${passed} of ${all.length} tests pass, in ${results.length} files`;
}

function failuresOf(results: readonly FileResult[]): string {
  const failed = results.flatMap(({ file, tests }) =>
    tests.flatMap(({ name, passed, message }) => (passed ? [] : [`${file}: ${name}: ${message}`])),
  );
  return failed.join("\n");
}

function report({ differences, unexplained, byReason }: Verdict): string {
  return [
    ...[...byReason].map(([reason, count]) => `${String(count).padStart(5)}  ${reason}`),
    ...differences.map((line) => `differs: ${line}`),
    ...unexplained.map((line) => `has no reason in the list: ${line}`),
    differences.length + unexplained.length === 0 ? "As the list of expectations says." : "",
  ].join("\n");
}
