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
  /** What `--only` calls it. */
  readonly name: string;
  readonly title: string;
  /** Runs with nothing beside it, because it measures or waits on real time. */
  readonly alone?: boolean;
  readonly timeoutMs: number;
  run(signal: AbortSignal): Promise<Outcome>;
}

type Description = Omit<Step, "run">;

/** Commands that pass by exiting with 0, each counted as one check. What follows a failed one is skipped. */
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

/** A script of ours, whose last line says how many checks passed, failed and were skipped. */
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

/** A test runner that writes a JUnit report to the file it is told. */
export function tests(step: Description, command: (reportFile: string) => Command): Step {
  return {
    ...step,
    async run(signal) {
      const folder = await mkdtemp(join(tmpdir(), `holdfast-${step.name}-`));
      try {
        const report = join(folder, "report.xml");
        const { ok, output } = await run(command(report), { signal });
        const counts = existsSync(report) ? parseJunit(readFileSync(report, "utf8")) : none;
        // No test at all means the runner found none, which is a failure to notice.
        return { counts: withExit(counts, ok && counts.passed > 0), output };
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

/** A step that cannot run here, with the reason. */
export function skipped(step: Description, reason: string): Step {
  return { ...step, run: () => Promise.resolve({ counts: { ...none, skipped: 1 }, output: reason }) };
}
