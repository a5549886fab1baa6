/** Driver: our end of a program that sends what it is told; see programs/protocol.ts for the words. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "../../scripts/entries.ts";
import { tuneWords } from "./programs/protocol.ts";
import type { Method, Tune } from "./schedule.ts";
import type { Result } from "./trace.ts";

/** Sends for one case at a time, under the case's name. */
export interface Driver {
  /** What it says it is. */
  readonly version: string;
  open(name: string, tune: Tune): void;
  send(name: string, request: number, method: Method, url: string): Promise<Result>;
  end(name: string): void;
  close(): Promise<void>;
}

export type Command = readonly string[];

/** Programs compile or warm up first, on a machine that has other things to do. */
const START_MS = 60_000;

/** No request of a case takes as long: a program that does not answer in time has failed it. */
const PATIENCE_MS = 10_000;

/** Starts a program that speaks the protocol. */
export async function startDriver([file = "", ...args]: Command): Promise<Driver> {
  const child = spawn(file, args, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
  const waiting = new Map<string, (result: Result) => void>();
  const complaints = collect(child);
  const version = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error(`${file} ended: ${complaints()}`)));
    setTimeout(() => reject(new Error(`${file} does not start`)), START_MS).unref();
    let greeted = false;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (greeted) return answered(line, waiting);
      greeted = true;
      resolve(line);
    });
  });
  child.on("close", () => {
    for (const resolve of waiting.values()) resolve("failed");
  });
  child.stdin.on("error", () => {}); // "close" of the child says it
  try {
    return driverOf(child, await version, waiting);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

function driverOf(
  child: ChildProcess,
  version: string,
  waiting: Map<string, (result: Result) => void>,
): Driver {
  const tell = (...words: readonly string[]): unknown => child.stdin?.write(`${words.join("\t")}\n`);
  return {
    version,
    open: (name, tune) => tell("open", name, tuneWords(tune)),
    send: (name, request, method, url) =>
      new Promise((resolve) => {
        const key = `${name}\t${request}`;
        const patience = setTimeout(() => waiting.get(key)?.("hangs"), PATIENCE_MS);
        waiting.set(key, (result) => {
          clearTimeout(patience);
          waiting.delete(key);
          resolve(result);
        });
        tell("send", name, String(request), method, url);
      }),
    end: (name) => tell("end", name),
    close: () => stop(child),
  };
}

/** A line `done <case> <request> <status or !message>`. Messages differ by nature: only that it failed counts. */
function answered(line: string, waiting: ReadonlyMap<string, (result: Result) => void>): void {
  const [verb, name, request, outcome = ""] = line.split("\t");
  if (verb !== "done") return;
  if (outcome.startsWith("!") && process.env.PARITY_VERBOSE !== undefined)
    console.error(name, request, outcome);
  waiting.get(`${name}\t${request}`)?.(outcome.startsWith("!") ? "failed" : outcome);
}

const STOP_MS = 3000;

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, "close");
  const patience = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  child.stdin?.end();
  await gone;
  clearTimeout(patience);
}

/** The end of what it complains about. */
function collect({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.on("data", (chunk) => {
    text = (text + chunk).slice(-2000);
  });
  return () => text.trim();
}
