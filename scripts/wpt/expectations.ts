/** Expectations: which tests of web-platform-tests do not pass, on which runtime, and why. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../entries.ts";
import type { FileResult } from "./run-file.ts";
import type { Runtime } from "./runtimes.ts";

/** A group of tests, by what their file's path and their name contain, as regular expressions. */
interface Group {
  readonly reason: string;
  readonly files?: string;
  readonly tests?: string;
  readonly runtimes?: readonly string[];
  /** Whether they fail at times only, so that either result is expected. */
  readonly varies?: boolean;
}

interface Data {
  /** Files that are not run. */
  readonly skipped: readonly Group[];
  /** Why tests fail. The first group that a test is in counts. */
  readonly reasons: readonly Group[];
  /** The tests that fail: by runtime, then by file. */
  readonly failing: Partial<Record<Runtime, Record<string, readonly string[]>>>;
}

/** What a run says about the list. */
export interface Verdict {
  readonly differences: readonly string[];
  readonly unexplained: readonly string[];
  readonly byReason: ReadonlyMap<string, number>;
}

const PATH = join(root, "tests/wpt/expectations.json");

export class Expectations {
  #data: Data;

  private constructor(data: Data) {
    this.#data = data;
  }

  static read(): Expectations {
    return new Expectations(JSON.parse(readFileSync(PATH, "utf8")) as Data);
  }

  /** Whether a file is not run at all. */
  skips(file: string): boolean {
    return this.#data.skipped.some((group) => holds(group, file, ""));
  }

  /** Every file with tests that fail. */
  failing(): { runtime: Runtime; file: string; names: readonly string[] }[] {
    return Object.entries(this.#data.failing).flatMap(([runtime, files]) =>
      Object.entries(files).map(([file, names]) => ({ runtime: runtime as Runtime, file, names })),
    );
  }

  judge(runtime: Runtime, results: readonly FileResult[]): Verdict {
    const verdict: Collected = { differences: [], unexplained: [], byReason: new Map() };
    for (const result of results) this.#judgeFile(runtime, result, verdict);
    return verdict;
  }

  #judgeFile(runtime: Runtime, { file, tests }: FileResult, to: Collected): void {
    const listed = new Set(this.#data.failing[runtime]?.[file]);
    for (const { name, passed, message } of tests) {
      const group = this.#groupOf(runtime, file, name);
      if (!passed) count(to, group, `${file}: ${name}: ${message}`);
      if (listed.delete(name) === passed && group?.varies !== true)
        to.differences.push(`${file}: ${name} ${passed ? "passes" : `fails: ${message}`}`);
    }
    for (const name of listed) to.differences.push(`${file}: ${name} is in the list, and did not run`);
  }

  /** Makes the list of a runtime anew; if only some files were run, those of the others are kept. */
  write(runtime: Runtime, results: readonly FileResult[], some: boolean): void {
    const failing: Record<string, readonly string[]> = some ? { ...this.#data.failing[runtime] } : {};
    for (const { file, tests } of results) {
      const names = tests
        .filter(({ name, passed }) => !passed && this.#groupOf(runtime, file, name)?.varies !== true)
        .map(({ name }) => name);
      if (names.length > 0) failing[file] = names;
      else delete failing[file];
    }
    this.#data = { ...this.#data, failing: { ...this.#data.failing, [runtime]: failing } };
    writeFileSync(PATH, `${JSON.stringify(this.#data, undefined, 2)}\n`);
  }

  #groupOf(runtime: Runtime, file: string, name: string): Group | undefined {
    return this.#data.reasons.find(
      (group) => (group.runtimes?.includes(runtime) ?? true) && holds(group, file, name),
    );
  }
}

interface Collected {
  readonly differences: string[];
  readonly unexplained: string[];
  readonly byReason: Map<string, number>;
}

function count({ byReason, unexplained }: Collected, group: Group | undefined, failure: string): void {
  if (group === undefined) unexplained.push(failure);
  else byReason.set(group.reason, (byReason.get(group.reason) ?? 0) + 1);
}

function holds({ files = "", tests = "" }: Group, file: string, name: string): boolean {
  return new RegExp(files).test(file) && new RegExp(tests).test(name);
}
