/** Scratch: a copy of the sources that may be broken, with the real tools beside it. */

import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Mutation, Proof } from "./mutation.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What is needed to run a proof. */
const COPIED = [
  "mod.ts",
  "src",
  "transports",
  "tests",
  "package.json",
  "tsconfig.json",
  "tsconfig.base.json",
];

/** A proof that takes longer has hung, which is also a way to notice. */
const PROOF_MS = 180_000;

/** What came of a proof. */
export interface Finding {
  readonly caught: boolean;
  /** Its own words. */
  readonly by: string;
}

/** A copy in the temporary folder. */
export class Scratch {
  readonly #home: string;
  readonly #seeds: number;

  constructor(seeds: number) {
    this.#seeds = seeds;
    this.#home = mkdtempSync(join(tmpdir(), "holdfast-mutations-"));
    for (const name of COPIED) cpSync(join(root, name), join(this.#home, name), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(this.#home, "node_modules"), "dir");
  }

  /** Breaks the copy, runs the proof and mends it. */
  try(mutation: Mutation): Finding {
    const file = join(this.#home, mutation.file);
    const sound = readFileSync(file, "utf8");
    const parts = sound.split(mutation.search);
    if (parts.length !== 2)
      throw new Error(`${mutation.file} holds this ${parts.length - 1} times: ${mutation.search}`);
    writeFileSync(file, parts.join(mutation.replacement));
    try {
      return this.prove(mutation.proof);
    } finally {
      writeFileSync(file, sound);
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
    return { caught: status !== 0, by: status === null ? "it hangs" : wordsOf(stdout, stderr) };
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

/** The first line that says what is wrong. */
function wordsOf(stdout: string, stderr: string): string {
  const lines = `${stdout}\n${stderr}`.split("\n");
  const telling = lines.find((line) => /^(seed \d+:|not ok|\w*Error)/.test(line));
  return telling ?? lines.at(-2) ?? "";
}
