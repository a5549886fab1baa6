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
import { type Arguments, HELP, readArguments, UsageError } from "./arguments.ts";
import { embeddedJob } from "./embedded.ts";
import { longestPauseMs, ownServersJob } from "./own-servers.ts";
import { progressOn, silentProgress } from "./progress.ts";
import { jsonReport, textReport } from "./report.ts";
import type { JobResult } from "./result.ts";
import { holdfastIsFine } from "./verdict.ts";

/** Where nobody says how wide the output is: a log, or a pipe. */
const LOG_WIDTH = 120;

const exitCode = await main(process.argv.slice(2));
if (exitCode !== undefined) {
  process.exitCode = exitCode;
  await written();
  // What a runtime keeps open (a pooled socket of its fetch, say) must not keep the job from ending.
  process.exit();
}

/** The exit code, or `undefined` when something goes on until Ctrl-C. */
async function main(argv: readonly string[]): Promise<number | undefined> {
  const given = understood(argv);
  if (given === undefined) return 2;
  if (given.help) {
    console.log(HELP);
    return 0;
  }
  if (given.serve) {
    // It reads the URL from the same command line.
    await import("../../examples/gateway.ts");
    return undefined;
  }
  const interrupted = watchSignals();
  const result = await job(given, interrupted.signal);
  console.log(given.json ? jsonReport(result) : textReport(result, reporting(given)));
  return interrupted.exitCode() ?? (holdfastIsFine(result) ? 0 : 1);
}

function understood(argv: readonly string[]): Arguments | undefined {
  try {
    return readArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\nSee npm start -- --help.`);
    return undefined;
  }
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
    // A terminal that does not know its size says 0.
    width: columns > 0 ? columns : LOG_WIDTH,
    longestPauseMs: given.urls.length > 0 ? longestPauseMs(given.seconds) : undefined,
  };
}

/** The first signal asks for what there is so far; the second one does not wait for it. */
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

/** A pipe may take its time. */
function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write("", () => resolve()));
}
