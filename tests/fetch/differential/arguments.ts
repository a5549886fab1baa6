/** Arguments: reads the command line of the differential, or says what is wrong with it. */

import { parsed, whole } from "../../../scripts/command-line.ts";
import { UsageError } from "../../../scripts/usage-error.ts";
import { SUBJECTS, type Subject } from "./draw.ts";

export interface Arguments {
  readonly seeds: number;
  readonly from: number;
  readonly subject: Subject;
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
  --subject NAME  anything, most of which is refused early, or redirects, whose calls get as far as these lead (anything)
  --help          this text

Exit code: 0, 1 if something differs that tests/fetch/differential/differences.ts does not explain, 2 for wrong arguments.`;

const OPTIONS = {
  seeds: { type: "string", default: "1000" },
  from: { type: "string", default: "1" },
  replay: { type: "string" },
  subject: { type: "string", default: "anything" },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): Arguments {
  const { seeds, from, replay, subject, help } = parsed({ args: [...argv], options: OPTIONS }).values;
  return {
    seeds: whole("seeds", seeds),
    from: whole("from", from),
    subject: oneOf(subject),
    replay: replay === undefined ? undefined : whole("replay", replay),
    help,
  };
}

function oneOf(text: string): Subject {
  const found = SUBJECTS.find((subject) => subject === text);
  if (found === undefined) throw new UsageError(`--subject must be ${SUBJECTS.join(" or ")}, got "${text}"`);
  return found;
}
