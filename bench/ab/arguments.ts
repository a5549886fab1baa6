/** Arguments: what is compared, how often, and the sentence that says what is wrong with it. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parsed } from "../../scripts/command-line.ts";
import { UsageError } from "../../scripts/usage-error.ts";
import { isOurs } from "../speed/summary.ts";
import { positive, refuseUnknown, unknownName } from "../speed/usage.ts";

/** The bench's client, in each checkout. */
export const CLIENT = join("bench", "speed", "client.ts");

const OPTIONS = {
  help: { type: "boolean", short: "h", default: false },
  against: { type: "string", multiple: true, default: [] as string[] },
  only: { type: "string", default: "small" },
  runtime: { type: "string", default: "" },
  client: { type: "string", default: "holdfast request,holdfast fetch" },
  windows: { type: "string", default: "30" },
  ms: { type: "string", default: "150" },
  rate: { type: "string" },
} as const;

/** What is to be done. */
export interface Arguments {
  readonly help: boolean;
  /** Folders of the other checkouts. */
  readonly against: readonly string[];
  /** The scenarios of the bench. */
  readonly sections: readonly string[];
  /** The runtimes with this in their name. */
  readonly runtime: string;
  readonly clients: readonly string[];
  readonly windows: number;
  readonly ms: number;
  /** Requests per second of an open loop. */
  readonly rate: number | undefined;
}

/** What may be named: scenarios, and runtimes. */
export interface Known {
  readonly sections: readonly string[];
  readonly openLoops: readonly string[];
  readonly runtimes: readonly string[];
  readonly clients: readonly string[];
}

/** With fewer pairs, no interval of 95 % exists. */
const FEWEST_WINDOWS = 6;

/** @throws {UsageError} with a sentence that names what is wrong. */
export function readArguments(list: readonly string[], known: Known): Arguments {
  const { help, against, only, runtime, client, ...rest } = parsed({
    args: [...list],
    options: OPTIONS,
  }).values;
  const sections = names(only);
  const clients = names(client);
  for (const name of sections) refuseUnknown("section", name, known.sections);
  for (const name of clients) refuseUnknown("client", name, known.clients);
  if (!known.runtimes.some((name) => name.includes(runtime)))
    throw unknownName("runtime", runtime, known.runtimes);
  const windows = positive("windows", rest.windows);
  if (!Number.isInteger(windows) || windows < FEWEST_WINDOWS)
    throw new UsageError(`--windows is a whole number of ${FEWEST_WINDOWS} or more, not ${rest.windows}`);
  const rate = rest.rate === undefined ? undefined : positive("rate", rest.rate);
  const open = sections.find((name) => known.openLoops.includes(name));
  if (open !== undefined && rate === undefined)
    throw new UsageError(`"${open}" is an open loop: --rate says how many requests come in a second`);
  return {
    help,
    against: against.map(checkout),
    sections,
    runtime,
    clients,
    windows,
    ms: positive("ms", rest.ms),
    rate,
  };
}

const names = (list: string): string[] => list.split(",").map((name) => name.trim());

function checkout(folder: string): string {
  const there = resolve(folder);
  if (existsSync(join(there, CLIENT))) return there;
  throw new UsageError(`--against is the folder of a checkout, and ${folder} has no ${CLIENT}`);
}

/** Clients that other checkouts have as well, in their own code. */
export function isCompared(kind: string): boolean {
  return kind.startsWith("holdfast") && isOurs(kind);
}

/** The text of `--help`. */
export const HELP = `Two checkouts of Holdfast, by alternating windows of the bench's clients.

git worktree add ../before HEAD~1 && (cd ../before && npm install)
npm run bench:ab -- --against ../before --only small,medium --runtime Bun

  --against FOLDER  another checkout, with its dependencies. May be given more than once, or not at all
  --only NAMES      scenarios of the bench, with commas between them (small)
  --runtime NAME    the runtimes with this in their name (all)
  --client NAMES    clients (holdfast request,holdfast fetch). Those of other libraries run from this checkout
  --windows N       windows of each client, in turns (30)
  --ms N            of each window (150)
  --rate N          requests per second, for the open loops

Each row has medians, and the CPU time beside that of the first row with the same client, or the first row of all: the median of the
pairs of windows, with an interval that holds the true one 19 times of 20. Below 1 is less time than the first row.`;
