/** Client process: a client that was started, does rounds when it is told to, and ends when its input does. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Measured } from "./launch.ts";

/** A client that needs longer for a round hangs. */
const ROUND_MS = 120_000;

/** One process. */
export class ClientProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #errors = "";

  constructor([program = "", ...args]: readonly string[], env: NodeJS.ProcessEnv) {
    this.#child = spawn(program, args, { env });
    this.#child.on("error", ({ message }) => {
      this.#errors += `Error: ${message}`;
    });
    this.#child.stdin.on("error", () => {}); // it has ended, which its output says, too
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws if the client failed. */
  async round(): Promise<Measured> {
    const hangs = setTimeout(() => this.#child.kill("SIGKILL"), ROUND_MS);
    this.#child.stdin.write("round\n");
    const line = await this.#lines.next();
    clearTimeout(hangs);
    if (line.done !== true) return JSON.parse(line.value) as Measured;
    throw new Error(reasonIn(this.#errors));
  }

  stop(): void {
    this.#child.stdin.end();
  }
}

/** The sentence of an error that a runtime printed. */
function reasonIn(errors: string): string {
  const line = /\b\w*(?:Error|error): (.*)/.exec(errors)?.[1] ?? errors.trim().split("\n")[0] ?? "";
  return line === "" ? "ended without an answer, or did not end" : line;
}
