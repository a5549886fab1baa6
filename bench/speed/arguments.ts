/** Arguments: what was asked for on the command line, and the sentence that says what is wrong with it. */

import { parseArgs } from "node:util";
import { UsageError } from "../../scripts/usage-error.ts";
import { type Effort, NAMES, sectionsOf } from "./sections.ts";
import { positive, refuseUnknown, unknownName } from "./usage.ts";

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  quick: { type: "boolean", default: false },
  slice: { type: "boolean", default: false },
  only: { type: "string" },
  runtime: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  out: { type: "string" },
} as const;

/** What is to be done. */
export interface Arguments {
  readonly help: boolean;
  /** `--slice`: only to see that the bench runs. */
  readonly slice: boolean;
  /** `--quick`: the strongest clients, one short round. */
  readonly quick: boolean;
  /** In the order in which they run. */
  readonly sections: readonly string[];
  /** The runtimes whose name begins with this. */
  readonly runtime: string;
  readonly effort: Effort;
  /** The folder whose results this run joins. `undefined` for `bench/`, if the run is long enough for it. */
  readonly out: string | undefined;
}

/** Without `--only`: everything. */
const SLICE = ["small", "upload", "tls", "open-80", "h2-nginx"];

/** With fewer rounds, medians are no results. */
export const FEWEST_ROUNDS = 5;

/** @throws {UsageError} with a sentence that names the nearest right word. */
export function readArguments(list: readonly string[], runtimeNames: readonly string[]): Arguments {
  const { help, quick, slice, only, runtime = slice ? "Node" : "", ...rest } = parsed(list);
  const short = quick || slice;
  const rounds = positive("rounds", rest.rounds ?? String(short ? 1 : FEWEST_ROUNDS));
  if (!Number.isInteger(rounds)) throw new UsageError(`--rounds is a whole number, not ${rest.rounds}`);
  const runMs = 1000 * positive("seconds", rest.seconds ?? (short ? "0.2" : "0.5"));
  if (!runtimeNames.some((name) => name.includes(runtime)))
    throw unknownName("runtime", runtime, runtimeNames);
  const names = only?.split(",").map((name) => name.trim());
  for (const name of names ?? []) refuseUnknown("section", name, NAMES);
  return {
    help,
    quick,
    slice,
    sections: sectionsOf(names ?? (slice ? SLICE : NAMES)),
    runtime,
    effort: { rounds, runMs, warmMs: short ? 100 : 900 },
    out: rest.out,
  };
}

function parsed(list: readonly string[]) {
  try {
    return parseArgs({ args: [...list], options: OPTIONS }).values;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const [, option] = /Unknown option '-*([^']+)'/.exec(text) ?? [];
    if (option !== undefined) throw unknownName("option", `--${option}`, optionNames());
    throw new UsageError(text.split(". ")[0] ?? text, { cause: error });
  }
}

const optionNames = (): string[] => Object.keys(OPTIONS).map((name) => `--${name}`);

/** The text of `--help`. `list` names the sections; together they take `whole`. */
export function helpText(list: string, whole: string): string {
  return `Holdfast beside other clients, on every installed runtime.

npm run bench                                     everything; results join bench/results.md
npm run bench -- --only small,tls                 these sections; the others stay as they are, each with its date
npm run bench -- --only http2 --runtime Bun       on one runtime; the other runtimes' rows stay
npm run bench -- --quick                          a part in some minutes; writes nothing

  --only NAMES      sections, with commas between them
  --runtime NAME    the runtimes with this in their name
  --rounds N        rounds of each client, interleaved (${FEWEST_ROUNDS}). With fewer, bench/ is not written
  --seconds N       of each round (0.5)
  --out FOLDER      the folder whose results.md and results.json the results join, instead of bench/
  --quick, --slice  one short round of the strongest clients, or of three: to see that it runs

Sections, and about how long each takes, ${whole} in all:
${list}`;
}
