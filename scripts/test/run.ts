import { type ChildProcess, spawn } from "node:child_process";
import { root } from "../entries.ts";

export interface RunOptions {
  readonly signal?: AbortSignal;
  readonly cwd?: string;
}

export interface RunResult {
  readonly ok: boolean;
  /** stdout and stderr, in the order in which they arrived. */
  readonly output: string;
}

// In a process group of its own, a program can be ended with every process that it started. Windows has none.
const detached = process.platform !== "win32";

// The output is also read in CI logs, so there are no colours. FORCE_COLOR, even set to 0, would turn Biome's on. And a runner of
// Node that a test starts would write for the one above it.
const { FORCE_COLOR: _, NODE_TEST_CONTEXT: __, ...inherited } = process.env;
const env = { ...inherited, NO_COLOR: "1" };

/** Runs a program to its end. Aborting kills it with every process it started. */
export function run(command: readonly string[], { signal, cwd = root }: RunOptions = {}): Promise<RunResult> {
  const [file = "", ...args] = command;
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const child = spawn(file, args, { cwd, env, detached, stdio: ["ignore", "pipe", "pipe"] });
    const onAbort = (): void => kill(child);
    const settle = (ok: boolean, remark: string): void => {
      signal?.removeEventListener("abort", onAbort);
      resolve({ ok: ok && !signal?.aborted, output: Buffer.concat(chunks).toString() + remark });
    };
    child.stdout.on("data", (chunk) => chunks.push(chunk));
    child.stderr.on("data", (chunk) => chunks.push(chunk));
    child.on("error", (error) => settle(false, `${file}: ${error.message}\n`));
    child.on("close", (code, by) => settle(code === 0, by ? `${file} was ended by ${by}.\n` : ""));
    signal?.addEventListener("abort", onAbort);
    if (signal?.aborted) onAbort();
  });
}

function kill(child: ChildProcess): void {
  if (!detached || child.pid === undefined) {
    child.kill("SIGKILL");
    return;
  }
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The whole group ended by itself a moment ago.
  }
}
