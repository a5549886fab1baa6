import { type Counts, countsLine, none } from "./counts.ts";

/** Checks by their descriptions. A check passes by not throwing. */
export type Checks = Readonly<Record<string, () => Promise<void>>>;

/** Runs the checks in order, prints how each went, and ends the output with their count. */
export async function report(checks: Checks): Promise<void> {
  let counts: Counts = none;
  for (const [what, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`✔ ${what}`);
      counts = { ...counts, passed: counts.passed + 1 };
    } catch (error) {
      console.log(`✖ ${what}\n${error instanceof Error ? error.message : error}`);
      counts = { ...counts, failed: counts.failed + 1 };
    }
  }
  console.log(countsLine(counts));
  process.exitCode = counts.failed > 0 ? 1 : 0;
}
