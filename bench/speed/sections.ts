/** Sections: the parts of the bench that can be chosen, by name, and about how long each takes. */

import { OPEN_REHEARSALS, openRoundMs, openRounds, openWarmMs } from "./open-lengths.ts";
import { type Runtime, runtimes } from "./runtimes.ts";
import { clientsOf, SCENARIOS, type Scenario } from "./scenarios.ts";

/** What is measured besides scenarios. */
export const OTHER_SECTIONS = {
  gateway: "forward() beside other gateways, on each Node",
  workers: "a request from a Worker, by a pool in a Durable Object and in other ways",
  core: "the core, and a request without a network",
  idle: "memory of idle connections, plain, TLS and HTTP/2",
  startup: "from import to the end of the first answer",
  size: "sizes of bundles",
} as const;

/** The name of such a section. */
export type OtherSection = keyof typeof OTHER_SECTIONS;

const named = (filter: (scenario: Scenario) => boolean): string[] =>
  SCENARIOS.filter(filter).map(({ name }) => name);

/** Names that stand for several. */
export const GROUPS: Readonly<Record<string, readonly string[]>> = {
  http2: named(({ server }) => server !== undefined),
  "open-loop": named(({ share }) => share !== undefined),
  uploads: named(({ upload, server }) => upload > 0 && server === undefined),
  bodies: ["medium", "large", "chunked"],
  fronts: ["dispatcher", "agent"],
  costs: ["core", "idle", "startup", "size"],
};

/** All names that may be chosen. */
export const NAMES: readonly string[] = [
  ...named(() => true),
  ...Object.keys(OTHER_SECTIONS),
  ...Object.keys(GROUPS),
];

/** The sections that these names stand for, in the order in which they run. */
export function sectionsOf(names: readonly string[]): string[] {
  const wanted = new Set(names.flatMap((name) => GROUPS[name] ?? [name]));
  return [...named(() => true), ...Object.keys(OTHER_SECTIONS)].filter((name) => wanted.has(name));
}

/** How long rounds are, and how many. */
export interface Effort {
  readonly rounds: number;
  readonly runMs: number;
  readonly warmMs: number;
}

/** Seconds until a process of a client runs, and of the work between rounds. Measured on two cores of an AMD EPYC. */
const START_SECONDS = 0.6;
const BETWEEN_SECONDS = 0.25;
/** How much longer the warm-up of slow clients is, and that of handshakes. */
const WARM_TIMES = 1.4;
const FRESH_WARM_TIMES = 3.5;
/** What the best peers of the runtimes do on such a machine, in the mean: requests per second. */
const CAPACITY = 60_000;
/** The other sections, on each of their runtimes. */
const OTHER_SECONDS: Readonly<Record<string, number>> = { core: 22, idle: 30, startup: 22, size: 3 };

/** workerd starts, and each way is warmed up. */
const WORKERS_SECONDS = 20;
/** How many ways it compares. */
const WORKERS_WAYS = 8;

/** About how long one client takes in a round of a scenario. With the first round it starts, and warms up. */
export function secondsOfRound(
  { origins, share, fresh }: Scenario,
  { runMs, warmMs }: Effort,
  round: number,
): number {
  const starts = round === 1 || origins !== undefined;
  const arrivals = share === undefined ? undefined : share * CAPACITY;
  const openMs = arrivals === undefined ? 0 : openWarmMs(arrivals, warmMs);
  const warmTimes = fresh === true ? FRESH_WARM_TIMES : WARM_TIMES;
  const start = starts ? START_SECONDS + (warmTimes * warmMs + openMs) / 1000 : 0;
  const roundMs = arrivals === undefined ? runMs : openRoundMs(arrivals, runMs);
  return start + BETWEEN_SECONDS + roundMs / 1000;
}

/** How many rounds of a scenario count. */
export function roundsOf({ share }: Pick<Scenario, "share">, { rounds }: Pick<Effort, "rounds">): number {
  return share === undefined ? rounds : openRounds(rounds);
}

/** How many rounds each client of a scenario has, with those that do not count. */
export function allRoundsOf(scenario: Pick<Scenario, "share">, effort: Pick<Effort, "rounds">): number {
  return roundsOf(scenario, effort) + (scenario.share === undefined ? 0 : OPEN_REHEARSALS);
}

function secondsOfClient(scenario: Scenario, effort: Effort): number {
  let sum = 0;
  for (let round = 1; round <= allRoundsOf(scenario, effort); round++)
    sum += secondsOfRound(scenario, effort, round);
  return sum;
}

/** About how long a section takes on a runtime, or on none. */
export function secondsOf(section: string, runtime: Runtime | undefined, effort: Effort): number {
  const scenario = SCENARIOS.find(({ name }) => name === section);
  if (scenario !== undefined && runtime === undefined) return 0;
  if (scenario !== undefined && runtime !== undefined)
    return clientsOf(scenario, runtime).length * secondsOfClient(scenario, effort);
  if (section === "size" || section === "workers") {
    const seconds =
      section === "size" ? 3 : WORKERS_SECONDS + (effort.rounds * effort.runMs * WORKERS_WAYS) / 1000;
    return runtime === undefined ? seconds : 0;
  }
  if (runtime === undefined) return 0;
  if (section !== "gateway")
    return ["Node 24", "Deno", "Bun"].includes(runtime.name) ? (OTHER_SECONDS[section] ?? 0) : 0;
  return runtime.name.startsWith("Node")
    ? 8 + (4 * (effort.warmMs + effort.rounds * effort.runMs)) / 1000
    : 0;
}

/** What a choice of sections takes on some runtimes. */
export function secondsOfAll(sections: readonly string[], list: readonly Runtime[], effort: Effort): number {
  return [...list, undefined].reduce(
    (sum, runtime) => sum + sections.reduce((part, section) => part + secondsOf(section, runtime, effort), 0),
    0,
  );
}

/** Minutes for people. */
export function minutes(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  return `${Math.round(seconds / 60)} min`;
}

/** The list of sections for `--help`. */
export function sectionList(effort: Effort, list: readonly Runtime[] = runtimes()): string {
  const titles: Record<string, string> = { ...OTHER_SECTIONS };
  for (const { name, title } of SCENARIOS) titles[name] = title;
  const lines = sectionsOf(Object.keys(titles)).map((name) => {
    const takes = minutes(secondsOfAll([name], list, effort));
    return `  ${name.padEnd(14)} ${takes.padStart(6)}  ${titles[name]}`;
  });
  const groups = Object.entries(GROUPS).map(
    ([name, members]) => `  ${name.padEnd(14)}         ${members.join(", ")}`,
  );
  return [...lines, "Names for several:", ...groups].join("\n");
}
