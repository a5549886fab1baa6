/** Trace: what a client of the guard asked the system for, per request, as `strace` saw it. */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Threads, memory and names: their number depends on the garbage collector, and not on what the pool asks for. */
const NOISE =
  /^(futex|madvise|mmap|munmap|mprotect|brk|sched_yield|getpid|gettid|getrusage|rt_sigreturn|restart_syscall)$/;
/** A call that another thread interrupts has a second line, which has no such beginning. */
const CALL = /^\d+ +(\w+)\(/;

/** The number of calls between the two marks, by name. */
export function callsIn(trace: string): Map<string, number> {
  const lines = trace.split("\n");
  const from = lines.findIndex((line) => line.includes("/holdfast-begins"));
  const to = lines.findIndex((line) => line.includes("/holdfast-ends"));
  if (from < 0 || to < from) throw new Error("The trace has no marks");
  const counts = new Map<string, number>();
  for (const line of lines.slice(from + 1, to)) {
    const name = CALL.exec(line)?.[1];
    if (name !== undefined && !NOISE.test(name)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

/** Whether a process may be traced here: containers often forbid it. */
export async function canTrace(strace: string | undefined): Promise<boolean> {
  if (strace === undefined) return false;
  return await run(strace, ["-qq", "-o", "/dev/null", "/bin/true"]).then(
    () => true,
    () => false,
  );
}

/** Traces a command with all of its threads. */
export async function traced(strace: string, file: string, command: readonly string[]): Promise<string> {
  await run(strace, ["-f", "-qq", "-o", file, ...command], { timeout: 60_000 });
  return await readFile(file, "utf8");
}
