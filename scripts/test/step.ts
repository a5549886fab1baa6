import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Counts, none, parseCountsLine, parseJunit, withExit } from "./counts.ts";
import { run } from "./run.ts";

export type Command = readonly string[];

export interface Outcome {
  readonly counts: Counts;
  readonly output: string;
}

export interface Step {
  /** The name that `--only` takes. */
  readonly name: string;
  readonly title: string;
  /** It waits for real time, so nothing that keeps a processor busy runs at the same time. */
  readonly waits?: boolean;
  readonly timeoutMs: number;
  run(signal: AbortSignal): Promise<Outcome>;
}

type Description = Omit<Step, "run">;

/** Commands that pass by exiting with 0. Each counts as one check; those after a failed one are skipped. */
export function checks(step: Description, commands: readonly Command[]): Step {
  return {
    ...step,
    async run(signal) {
      for (const [passed, command] of commands.entries()) {
        const { ok, output } = await run(command, { signal });
        if (!ok) return { counts: { passed, failed: 1, skipped: commands.length - passed - 1 }, output };
      }
      return { counts: { ...none, passed: commands.length }, output: "" };
    },
  };
}

/** One of our scripts. Its last line says how many checks passed, failed and were skipped. */
export function script(step: Description, command: Command): Step {
  return {
    ...step,
    async run(signal) {
      const { ok, output } = await run(command, { signal });
      const counts = parseCountsLine(output);
      return { counts: withExit(counts ?? none, ok && counts !== undefined), output };
    },
  };
}

/** A test runner that writes a JUnit report to a given file. */
export function tests(step: Description, command: (reportFile: string) => Command): Step {
  return {
    ...step,
    async run(signal) {
      const folder = await mkdtemp(join(tmpdir(), `holdfast-${step.name}-`));
      try {
        const report = join(folder, "report.xml");
        const { ok, output } = await run(command(report), { signal });
        const counts = existsSync(report) ? parseJunit(readFileSync(report, "utf8")) : none;
        // If no test passed, the runner found none: that is a failure.
        return { counts: withExit(counts, ok && counts.passed > 0), output };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A step that cannot run here, and the reason. */
export function skipped(step: Description, reason: string): Step {
  return { ...step, run: () => Promise.resolve({ counts: { ...none, skipped: 1 }, output: reason }) };
}
