/**
 * Origins process: starts and asks the process of the origins. They run in a process of their own, so that neither
 * side waits for the other's event loop, which would hide the very races that the job looks for.
 */

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { NOTHING_SEEN, type Seen } from "./origins/ledger.ts";
import type { Ask, Launch, Ready, Report } from "./origins/protocol.ts";
import { scriptCommand } from "./runtime.ts";

/** How long the process may take to end by itself. */
const STOP_MS = 10_000;
/** How long it may take to answer, its start included. */
const ANSWER_MS = 90_000;

export class OriginsProcess {
  readonly ready: Ready;
  readonly #child: ChildProcess;
  readonly #answers: Answers;

  private constructor(child: ChildProcess, answers: Answers, ready: Ready) {
    this.#child = child;
    this.#answers = answers;
    this.ready = ready;
  }

  static async start(launch: Launch): Promise<OriginsProcess> {
    const script = new URL("./origins/serve.ts", import.meta.url);
    const { program, args } = scriptCommand(script, [JSON.stringify(launch)]);
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    const answers = new Answers(child);
    try {
      return new OriginsProcess(child, answers, (await answers.next()) as Ready);
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    }
  }

  /** Assigns what the origins see from now on to this client. */
  async turnTo(client: string): Promise<void> {
    await this.#ask({ ask: "turn-to", client });
  }

  /** What an origin saw of a client, by the origin's name. */
  async seen(client: string): Promise<(origin: string) => Seen> {
    const report = (await this.#ask({ ask: "seen", client })) as Report;
    return (origin) => report[origin] ?? NOTHING_SEEN;
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#kill(), STOP_MS);
    await this.#answers.ended;
    clearTimeout(timer);
  }

  #kill(): void {
    this.#child.kill("SIGKILL");
    for (const pid of this.ready.pids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // The process has ended already.
      }
    }
  }

  #ask(question: Ask): Promise<unknown> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    return this.#answers.next();
  }
}

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Gives each line of the child to the request that has waited longest. */
class Answers {
  readonly ended: Promise<void>;
  readonly #lines: string[] = [];
  readonly #waiting: Waiting[] = [];
  #over = false;

  constructor(child: ChildProcess) {
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#over = true;
        for (const { reject } of this.#waiting.splice(0)) reject(gone());
        resolve();
      };
      child.on("exit", end);
      child.on("error", end);
    });
    child.stdin?.on("error", () => {}); // it has ended; "exit" says so
    if (child.stdout === null) throw new Error("The origins' process has no output");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const next = this.#waiting.shift();
      if (next === undefined) this.#lines.push(line);
      else next.resolve(JSON.parse(line));
    });
  }

  next(): Promise<unknown> {
    const line = this.#lines.shift();
    if (line !== undefined) return Promise.resolve(JSON.parse(line));
    if (this.#over) return Promise.reject(gone());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("The embedded origins do not answer")), ANSWER_MS);
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          settle(value);
        };
      };
      this.#waiting.push({ resolve: settled(resolve), reject: settled(reject) });
    });
  }
}

function gone(): Error {
  return new Error("The process of the embedded origins ended too early");
}
