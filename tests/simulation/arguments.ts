/** Arguments: reads the command line of the simulation, or says what is wrong with it. */

import { availableParallelism } from "node:os";
import { above0, parsed, whole } from "../../scripts/command-line.ts";
import { UsageError } from "../../scripts/usage-error.ts";
import { KINDS, type Kind, LANDED } from "./dimensions.ts";
import type { FleetOptions } from "./fleet.ts";
import { ENOUGH_REQUESTS } from "./judges.ts";

export interface Arguments extends FleetOptions {
  /** The seed that is told step by step, instead of many. */
  readonly replay: number | undefined;
  /** Which two pools are replayed, instead of the world beside which they run. */
  readonly beside: "pair" | "neighbours" | undefined;
  /** How many lines of the log a replay shows. */
  readonly tail: number;
  readonly help: boolean;
}

const SILENCES = ["forgets", "slow", "out"] as const;

export const HELP = `Random worlds of a pool, its callers and servers, with judges of what happens. Each seed is a world.

node --import tsx tests/simulation/main.ts                             100 seeds
node --import tsx tests/simulation/main.ts --total 10000000 --jobs 2   as many requests, in two processes at a time
node --import tsx tests/simulation/main.ts --replay 4711               one seed, told step by step
node --import tsx tests/simulation/main.ts --days 30 --requests 50000 --seeds 3   a month each

  --seeds N           how many seeds (100; with --total or --seconds as many as fit)
  --from SEED         the first of them (1)
  --requests N        of each seed (500)
  --total N           requests in all
  --seconds N         time in all
  --jobs N            processes at a time (as many as there are processors)
  --only A,B          these dimensions alone
  --without A,B       all dimensions but these: ${KINDS.join(", ")}
  --silence NAME      worlds about silence: boxes in between forget connections (forgets), servers are slow for
                      everybody (slow), nothing gets through for seconds to hours (out)
  --days N            spread the requests of a seed over so many days
  --failures N        end after so many seeds that broke an invariant (20)
  --keep-going        do not end for them
  --replay SEED       one seed
  --pair              replay the two pools that call each other beside its world
  --neighbours        replay the two pools of one program beside its world
  --tail N            lines of the log that a replay shows (200)
  --help              this text

Exit code: 0, 1 if a seed broke an invariant or a judge had nothing to decide in ${ENOUGH_REQUESTS} requests or more,
2 for wrong arguments.`;

const OPTIONS = {
  seeds: { type: "string" },
  from: { type: "string", default: "1" },
  requests: { type: "string", default: "500" },
  total: { type: "string" },
  seconds: { type: "string" },
  jobs: { type: "string", default: String(availableParallelism()) },
  only: { type: "string" },
  without: { type: "string" },
  replay: { type: "string" },
  pair: { type: "boolean", default: false },
  neighbours: { type: "boolean", default: false },
  silence: { type: "string" },
  days: { type: "string" },
  tail: { type: "string", default: "200" },
  failures: { type: "string", default: "20" },
  "keep-going": { type: "boolean", default: false },
  help: { type: "boolean", default: false, short: "h" },
} as const;

/** @throws {UsageError} */
export function readArguments(argv: readonly string[]): Arguments {
  const given = parsed({ args: [...argv], options: OPTIONS }).values;
  const isEndless = given.total !== undefined || given.seconds !== undefined;
  const defaultSeeds = isEndless ? Infinity : 100;
  return {
    seeds: given.seeds === undefined ? defaultSeeds : whole("seeds", given.seeds),
    from: seed("from", given.from),
    requests: whole("requests", given.requests),
    total: given.total === undefined ? Infinity : whole("total", given.total),
    seconds: given.seconds === undefined ? Infinity : above0("seconds", given.seconds),
    jobs: whole("jobs", given.jobs),
    kinds: kindsOf(given.only, given.without),
    silence: given.silence === undefined ? undefined : silenceOf(given.silence),
    days: given.days === undefined ? undefined : above0("days", given.days),
    failures: given["keep-going"] ? Infinity : whole("failures", given.failures),
    replay: given.replay === undefined ? undefined : seed("replay", given.replay),
    beside: besideOf(given),
    tail: whole("tail", given.tail),
    help: given.help,
  };
}

function besideOf({ pair, neighbours }: { pair: boolean; neighbours: boolean }): Arguments["beside"] {
  if (pair) return "pair";
  return neighbours ? "neighbours" : undefined;
}

function seed(option: string, text: string): number {
  return text === "0" ? 0 : whole(option, text);
}

function silenceOf(text: string): (typeof SILENCES)[number] {
  const name = SILENCES.find((one) => one === text);
  if (name !== undefined) return name;
  throw new UsageError(`--silence must be one of ${SILENCES.join(", ")}, got "${text}"`);
}

/** The dimensions that are chosen by name. */
function kindsOf(only: string | undefined, without: string | undefined): readonly Kind[] {
  const wanted = only === undefined ? LANDED : listed("only", only);
  const left = without === undefined ? [] : listed("without", without);
  return wanted.filter((kind) => !left.includes(kind));
}

/** An empty list is one: `--only ""` is a world without any dimension. */
function listed(option: string, names: string): readonly Kind[] {
  return (names === "" ? [] : names.split(",")).map((name) => {
    const kind = KINDS.find((one) => one === name);
    if (kind !== undefined) return kind;
    throw new UsageError(`--${option} knows no dimension "${name}": there are ${KINDS.join(", ")}`);
  });
}
