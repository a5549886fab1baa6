/**
 * Main job: real requests through Holdfast and through the built-in fetch, to servers with different keep-alive
 * habits, side by side.
 *
 * ```sh
 * npm start                               # embedded origins, some 25 s
 * npm start -- https://example.com/       # your own servers, gently
 * npm start -- --serve                    # an edge gateway with its status page
 * npm start -- --help
 * deno run -A bench/main-job/main.ts      # the same on Deno
 * bun bench/main-job/main.ts              # and on Bun
 * ```
 */

import { constants } from "node:os";
import process from "node:process";
import { understood } from "../../scripts/command-line.ts";
import { type Arguments, HELP, readArguments } from "./arguments.ts";
import { embeddedJob } from "./embedded.ts";
import { longestPauseMs, ownServersJob } from "./own-servers.ts";
import { progressOn, silentProgress } from "./progress.ts";
import { jsonReport, textReport } from "./report.ts";
import type { JobResult } from "./result.ts";
import { holdfastIsFine } from "./verdict.ts";

/** The width of the output where none is known: a log or a pipe. */
const LOG_WIDTH = 120;

const exitCode = await main(process.argv.slice(2));
if (exitCode !== undefined) {
  process.exitCode = exitCode;
  await written();
  // A socket that a runtime keeps open, like one of its fetch's pool, must not keep the process alive.
  process.exit();
}

/** Returns the exit code, or `undefined` if something runs until Ctrl-C. */
async function main(argv: readonly string[]): Promise<number | undefined> {
  const given = understood(() => readArguments(argv), "See npm start -- --help.");
  if (given === undefined) return 2;
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  if (given.serve) {
    // The gateway reads the URL from the same command line.
    await import("../../examples/gateway.ts");
    return undefined;
  }
  const interrupted = watchSignals();
  const result = await job(given, interrupted.signal);
  console.log(given.json ? jsonReport(result) : textReport(result, reporting(given)));
  return interrupted.exitCode() ?? (holdfastIsFine(result) ? 0 : 1);
}

function job(given: Arguments, stop: AbortSignal): Promise<JobResult> {
  const surroundings = {
    stop,
    progress: given.quiet ? silentProgress : progressOn(process.stderr),
    announce: (lines: readonly string[]) => {
      if (!given.quiet && !given.json) console.log(lines.join("\n"));
    },
  };
  return given.urls.length > 0 ? ownServersJob(given, surroundings) : embeddedJob(given, surroundings);
}

function reporting(given: Arguments) {
  const { columns } = process.stdout;
  return {
    // A terminal that does not know its size reports 0.
    width: columns > 0 ? columns : LOG_WIDTH,
    longestPauseMs: given.urls.length > 0 ? longestPauseMs(given.seconds) : undefined,
  };
}

/** The first signal asks for the results so far. The second one ends the process at once. */
function watchSignals() {
  const controller = new AbortController();
  let exitCode: number | undefined;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => {
      if (exitCode !== undefined) process.exit(exitCode);
      exitCode = 128 + constants.signals[name];
      controller.abort();
    });
  }
  return { signal: controller.signal, exitCode: () => exitCode };
}

/** Resolves when the output is written, which may take time with a pipe. */
function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}
