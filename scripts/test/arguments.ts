/** Arguments: reads the command line of `npm test`, or says what is wrong with it. */

import { parsed, whole } from "../command-line.ts";
import { UsageError } from "../usage-error.ts";

export interface Arguments {
  /** The names of the wanted steps; empty for all. */
  readonly only: readonly string[];
  /** What the path of a test file contains; empty for all files. */
  readonly filters: readonly string[];
  /** How many steps run at a time. */
  readonly jobs: number;
  readonly list: boolean;
  readonly help: boolean;
}

export const HELP = `Usage: npm test [-- options] [-- PARTS OF PATHS]

Every check of this repository, on Node, Deno and Bun. Ends in a line "N passed, N failed".

npm test                                the whole suite
npm test -- --only node,deno            some steps
npm test -- --only node tests/pool      and in them the test files whose path contains this

  --only A,B     some steps
  --list         the steps, by name
  --jobs N       steps at a time (3: on two cores, one step mostly waits)
  --help         this text

Exit code: 0, 1 if something failed or nothing was run, 2 for wrong arguments.`;

const OPTIONS = {
  only: { type: "string", multiple: true, default: [] as string[] },
  list: { type: "boolean", default: false },
  jobs: { type: "string", default: "3" },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** @throws {UsageError} `known`: the names of all steps. */
export function readArguments(argv: readonly string[], known: readonly string[]): Arguments {
  const { values, positionals } = parsed({ args: [...argv], options: OPTIONS, allowPositionals: true });
  const only = values.only.flatMap((list) => list.split(","));
  const unknown = only.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new UsageError(`--only knows no step "${unknown.join('", "')}": there are ${known.join(", ")}`);
  return {
    only,
    filters: positionals,
    jobs: whole("jobs", values.jobs),
    list: values.list,
    help: values.help,
  };
}
