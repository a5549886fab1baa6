/** Child: a process that exchanges lines of JSON. */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Runtime } from "./runtimes.ts";

/** How long a child may take to end by itself. */
const END_MS = 10_000;

export class Child {
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting: ((line: string | undefined) => void)[] = [];
  readonly #ended: Promise<void>;
  #over = false;

  /** A script on a runtime. */
  static async run({ command, bundled }: Runtime, script: URL, argument = ""): Promise<Child> {
    const file = await (bundled?.(script) ?? fileURLToPath(script));
    return new Child([...command, file, argument]);
  }

  constructor([program = "", ...args]: readonly string[]) {
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#process.stdin?.on("error", () => {}); // it has ended; "exit" says so
    const { stdout } = this.#process;
    if (stdout === null) throw new Error("A child without output");
    createInterface({ input: stdout }).on("line", (line) => this.#line(line));
    this.#ended = new Promise((resolve) => {
      const end = (): void => {
        this.#over = true;
        for (const wake of this.#waiting.splice(0)) wake(undefined);
        resolve();
      };
      this.#process.on("close", end);
      this.#process.on("error", end);
    });
  }

  tell(message: object): void {
    this.#process.stdin?.write(`${JSON.stringify(message)}\n`);
  }

  /** The next message. The caller knows its type. */
  async next<T>(): Promise<T> {
    const line =
      this.#lines.shift() ??
      (this.#over
        ? undefined
        : await new Promise<string | undefined>((resolve) => this.#waiting.push(resolve)));
    if (line === undefined) throw new Error("A process of the torture ended too early");
    return JSON.parse(line) as T;
  }

  async end(): Promise<void> {
    this.#process.stdin?.end();
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), END_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  #line(line: string): void {
    const wake = this.#waiting.shift();
    if (wake === undefined) this.#lines.push(line);
    else wake(line);
  }
}
