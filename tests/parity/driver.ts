/** Runs a client program and tells it what to send. The protocol is described in programs/protocol.ts. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "../../scripts/entries.ts";
import { tuneWords } from "./programs/protocol.ts";
import type { Method, Tune } from "./schedule.ts";
import type { Result } from "./trace.ts";

/** A running client program. Each case has a client of its own in it, under the case's name. */
export interface Driver {
  /** The version that the program printed. */
  readonly version: string;
  open(name: string, tune: Tune): void;
  send(name: string, request: number, method: Method, url: string): Promise<Result>;
  end(name: string): void;
  close(): Promise<void>;
}

export type Command = readonly string[];

/** Time limit for the start: programs compile or warm up first, on a loaded machine. */
const START_MS = 60_000;

/** No request of a case takes as long. A program that does not answer by then has failed it. */
const PATIENCE_MS = 10_000;

/** Starts a program that speaks the protocol. */
export async function startDriver([file = "", ...args]: Command): Promise<Driver> {
  const child = spawn(file, args, { cwd: root, stdio: ["pipe", "pipe", "pipe"] });
  const waiting = new Map<string, (result: Result) => void>();
  const complaints = lastOutput(child);
  const version = new Promise<string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => reject(new Error(`${file} ended: ${complaints()}`)));
    setTimeout(() => reject(new Error(`${file} does not start`)), START_MS).unref();
    let greeted = false;
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (greeted) return onLine(line, waiting);
      greeted = true;
      resolve(line);
    });
  });
  child.on("close", () => {
    for (const resolve of waiting.values()) resolve("failed");
  });
  child.stdin.on("error", () => {}); // reported by the child's "close"
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
  const write = (...words: readonly string[]): unknown => child.stdin?.write(`${words.join("\t")}\n`);
  return {
    version,
    open: (name, tune) => write("open", name, tuneWords(tune)),
    send: (name, request, method, url) =>
      new Promise((resolve) => {
        const key = `${name}\t${request}`;
        const patience = setTimeout(() => waiting.get(key)?.("hangs"), PATIENCE_MS);
        waiting.set(key, (result) => {
          clearTimeout(patience);
          waiting.delete(key);
          resolve(result);
        });
        write("send", name, String(request), method, url);
      }),
    end: (name) => write("end", name),
    close: () => stop(child),
  };
}

/**
 * Handles a line `done <case> <request> <status or !message>`. Messages differ by system, so only the failure counts.
 */
function onLine(line: string, waiting: ReadonlyMap<string, (result: Result) => void>): void {
  const [verb, name, request, result = ""] = line.split("\t");
  if (verb !== "done") return;
  if (result.startsWith("!") && process.env.PARITY_VERBOSE !== undefined)
    console.error(name, request, result);
  waiting.get(`${name}\t${request}`)?.(result.startsWith("!") ? "failed" : result);
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

/** Collects the end of the child's stderr. */
function lastOutput({ stderr }: ChildProcess): () => string {
  let text = "";
  stderr?.on("data", (chunk) => {
    text = (text + chunk).slice(-2000);
  });
  return () => text.trim();
}
