/** Arguments: reads the command line of the differential, or says what is wrong with it. */

import { parseArgs } from "node:util";
import { UsageError } from "../../../scripts/usage-error.ts";

export interface Arguments {
  readonly seeds: number;
  readonly from: number;
  /** The seed that is shown whole, instead of many. */
  readonly replay: number | undefined;
  readonly help: boolean;
}

export const HELP = `Random calls of a pool's fetch beside the built-in one of Node, and random answers. Each seed is a call.

node --import tsx tests/fetch/differential/main.ts                 1000 seeds
node --import tsx tests/fetch/differential/main.ts --replay 4711   one seed, with everything that both did

  --seeds N       how many seeds (1000)
  --from SEED     the first of them (1)
  --replay SEED   one seed
  --help          this text

Exit code: 0, 1 if something differs that tests/fetch/differential/differences.ts does not explain, 2 for wrong arguments.`;

const OPTIONS = {
  seeds: { type: "string", default: "1000" },
  from: { type: "string", default: "1" },
  replay: { type: "string" },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): Arguments {
  const { seeds, from, replay, help } = parsed(argv);
  return {
    seeds: whole("seeds", seeds),
    from: whole("from", from),
    replay: replay === undefined ? undefined : whole("replay", replay),
    help,
  };
}

function parsed(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

function whole(option: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new UsageError(`--${option} must be a whole number above 0, got "${text}"`);
}
