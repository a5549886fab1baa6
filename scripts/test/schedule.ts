import { type Counts, countsLine, none, sum } from "./counts.ts";
import type { Step } from "./step.ts";

const STILL_RUNNING_MS = 30_000;

/** Of the steps that wait for real time: each leaves half of two processors idle. */
const WAITING_AT_ONCE = 2;

/** Runs the steps, `jobs` at a time. Those that wait for real time come last. */
export async function runAll(all: readonly Step[], jobs: number, signal: AbortSignal): Promise<Counts> {
  const waiting = all.filter((step) => step.waits);
  const others = all.filter((step) => !step.waits);
  const most = Math.min(jobs, WAITING_AT_ONCE);
  return sum(await runSome(others, jobs, signal), await runSome(waiting, most, signal));
}

async function runSome(queue: readonly Step[], jobs: number, signal: AbortSignal): Promise<Counts> {
  const waiting = [...queue];
  let total = none;
  const worker = async (): Promise<void> => {
    for (let step = waiting.shift(); step && !signal.aborted; step = waiting.shift()) {
      const counts = await runReported(step, signal);
      total = sum(total, counts);
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return total;
}

/** Runs one step within its time limit and prints the result: a line if it passed, else its whole output. */
async function runReported(step: Step, interrupted: AbortSignal): Promise<Counts> {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  const timeout = AbortSignal.timeout(step.timeoutMs);
  const stillRunning = setInterval(() => print("…", step, "still running", seconds()), STILL_RUNNING_MS);
  print("▶", step, step.title, "");
  try {
    const { counts, output } = await step.run(AbortSignal.any([timeout, interrupted]));
    const remark = timeout.aborted ? `, ended after its ${step.timeoutMs / 1000} s` : "";
    print(counts.failed > 0 ? "✖" : "✔", step, countsLine(counts) + remark, seconds());
    if (counts.failed > 0 || counts.passed === 0) console.log(output.trimEnd());
    return counts;
  } finally {
    clearInterval(stillRunning);
  }
}

function print(mark: string, { name }: Step, text: string, time: string): void {
  console.log(`${mark} ${name.padEnd(12)} ${text.padEnd(44)} ${time}`.trimEnd());
}
