/** Scratch: a copy of the sources in which a mutation is applied. It uses the tools of the real repository. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation, Proof } from "./mutation.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The files that a proof needs. A test finds what proofs import from elsewhere. */
export const COPIED: readonly string[] = [
  "mod.ts",
  "src",
  "status-page",
  "transports",
  "docs",
  "scripts",
  "tests",
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
];

/** Without the packages of tests/outside, which are half a gigabyte. */
const filter = (source: string): boolean => basename(source) !== "node_modules";

/** A proof that takes longer has hung. A mutation that makes it hang counts as caught. */
const PROOF_MS = 180_000;

/** The result of a proof. */
export interface Finding {
  readonly caught: boolean;
  /** The first line of output that says what failed. */
  readonly by: string;
}

/** A copy in the temporary folder. */
export class Scratch {
  readonly #home: string;
  readonly #seeds: number;

  constructor(seeds: number) {
    this.#seeds = seeds;
    this.#home = mkdtempSync(join(tmpdir(), "holdfast-mutations-"));
    for (const name of COPIED) cpSync(join(root, name), join(this.#home, name), { recursive: true, filter });
    symlinkSync(join(root, "node_modules"), join(this.#home, "node_modules"), "dir");
  }

  /** Applies the mutation, runs the proof, and restores the file. */
  try(mutation: Mutation): Finding {
    const file = join(this.#home, mutation.file);
    const original = readFileSync(file, "utf8");
    const parts = original.split(mutation.search);
    if (parts.length !== 2)
      throw new Error(`${mutation.file} holds this ${parts.length - 1} times: ${mutation.search}`);
    writeFileSync(file, parts.join(mutation.replacement));
    try {
      return this.prove(mutation.proof);
    } finally {
      writeFileSync(file, original);
    }
  }

  prove(proof: Proof): Finding {
    const args =
      proof === "simulation"
        ? ["tests/simulation/main.ts", "--seeds", String(this.#seeds), "--requests", "150"]
        : ["--test", "--test-reporter=tap", ...this.#testFiles(proof.tests)];
    const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "tsx", ...args], {
      cwd: this.#home,
      encoding: "utf8",
      timeout: PROOF_MS,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    });
    return { caught: status !== 0, by: status === null ? "it hangs" : failureLine(stdout, stderr) };
  }

  remove(): void {
    rmSync(this.#home, { recursive: true });
  }

  #testFiles(path: string): string[] {
    const files = readdirSync(join(this.#home, "tests"), { recursive: true, encoding: "utf8" });
    return files
      .map((file) => `tests/${file}`)
      .filter((file) => file.startsWith(path) && file.endsWith(".test.ts"));
  }
}

/** The first line that says what failed. */
function failureLine(stdout: string, stderr: string): string {
  const lines = `${stdout}\n${stderr}`.split("\n");
  const failure = lines.find((line) => /^(seed \d+:|not ok|\w*Error)/.test(line));
  return failure ?? lines.at(-2) ?? "";
}
