/** Runs one file of the tests in a process of its own, and collects the results. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { root } from "../entries.ts";
import type { Job } from "./checkout.ts";
import type { RuntimeCommand } from "./runtimes.ts";

/** How one test ended. */
export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly message: string;
}

export interface FileResult {
  readonly file: string;
  readonly tests: readonly TestResult[];
}

/** The test that stands for a file that did not come to its end. */
const ALL_OF_IT = "(the file comes to its end)";

/** @param poolModule what the child imports the pool from; `undefined` for the runtime's own fetch. */
export async function runFile(
  command: RuntimeCommand,
  job: Job,
  poolModule: string | undefined,
): Promise<FileResult> {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-wpt-"));
  try {
    const path = join(folder, "job.json");
    writeFileSync(
      path,
      JSON.stringify({ ...job, poolModule: poolModule && new URL(poolModule, `file://${root}/`).href }),
    );
    const output = await outputOf(
      [...command(job.location), join(root, "scripts/wpt/child.ts"), path],
      job.limitMs,
    );
    return { file: job.file, tests: resultsOf(output) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a program writes until it ends, or for `limitMs`. */
async function outputOf([program = "", ...args]: readonly string[], limitMs: number): Promise<string> {
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "pipe", "ignore"], env: process.env });
  const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const pieces: Buffer[] = [];
  child.stdout.on("data", (piece: Buffer) => pieces.push(piece));
  await new Promise((resolve) => child.once("close", resolve));
  clearTimeout(timer);
  return Buffer.concat(pieces).toString();
}

function resultsOf(output: string): TestResult[] {
  const tests: TestResult[] = [];
  const names = new Map<string, number>();
  for (const line of output.split("\n")) {
    if (!line.startsWith("result ")) continue;
    const { name, passed, message } = JSON.parse(line.slice("result ".length)) as TestResult;
    const bare = name.replaceAll(/localhost:\d+/g, "localhost:PORT");
    const count = (names.get(bare) ?? 0) + 1;
    names.set(bare, count);
    tests.push({ name: count === 1 ? bare : `${bare} #${count}`, passed, message });
  }
  if (!output.includes("\ncompleted\n")) {
    const message = /^un(?:caught|handled) .*$/m.exec(output)?.[0] ?? "it did not";
    tests.push({ name: ALL_OF_IT, passed: false, message });
  }
  return tests;
}
