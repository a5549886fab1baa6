/** Arguments: reads the command line of a campaign, or says what is wrong with it. */

import { above0, parsed } from "../command-line.ts";
import { UsageError } from "../usage-error.ts";
import type { Part } from "./parts.ts";

export interface Arguments {
  readonly minutes: number;
  readonly parts: readonly Part[];
  /** The seed from which every part starts. */
  readonly from: number;
  readonly list: boolean;
  readonly help: boolean;
}

export const HELP = `Usage: npm run campaign [-- options]

Runs everything that takes long, part by part, and prints one table.

  --minutes N    how long in all, shared out among the parts by their weights (default 10)
  --only A,B     some parts
  --from SEED    the seed from which every part starts (default: another each time, which is printed)
  --list         the parts, and the time each would get
  --help         this text

Exit code: 0, 1 for a failure, 2 for wrong arguments, 130 after Ctrl-C if nothing had failed.`;

const OPTIONS = {
  minutes: { type: "string", default: "10" },
  only: { type: "string", multiple: true, default: [] as string[] },
  from: { type: "string" },
  list: { type: "boolean", default: false },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** Seeds are whole numbers that all our generators accept. */
const MOST_SEED = 1_000_000_000;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[], all: readonly Part[]): Arguments {
  const { minutes, only, from, list, help } = parsed({ args: [...argv], options: OPTIONS }).values;
  return {
    minutes: above0("minutes", minutes),
    parts: chosen(only, all),
    from: from === undefined ? 1 + (Date.now() % MOST_SEED) : seed(from),
    list,
    help,
  };
}

function seed(text: string): number {
  const from = Number(text);
  if (/^\d+$/.test(text) && from <= MOST_SEED) return from;
  throw new UsageError(`--from must be a whole number up to ${MOST_SEED}, got "${text}"`);
}

function chosen(only: readonly string[], all: readonly Part[]): readonly Part[] {
  if (only.length === 0) return all;
  const names = only.flatMap((list) => list.split(","));
  const unknown = names.filter((name) => !all.some((part) => part.name === name));
  if (unknown.length === 0) return all.filter(({ name }) => names.includes(name));
  const known = all.map(({ name }) => name).join(", ");
  throw new UsageError(`--only knows no part "${unknown.join('", "')}": there are ${known}`);
}
