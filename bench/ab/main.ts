/**
 * A/B: this checkout beside others, on the same clients and origins as the bench. Windows are short and alternate, so that a busy
 * machine disturbs all alike: what counts are the ratios of neighbours.
 *
 * npm run bench:ab -- --against ../before --only small --runtime Node
 */

import { basename } from "node:path";
import { understood } from "../../scripts/command-line.ts";
import { root } from "../../scripts/entries.ts";
import { CLIENTS } from "../speed/clients/all.ts";
import { startHttp2Origin } from "../speed/http2-origins.ts";
import { takeRounds } from "../speed/round.ts";
import { type Runtime, runtimes } from "../speed/runtimes.ts";
import { clientsOf, SCENARIOS, type Scenario } from "../speed/scenarios.ts";
import { startOrigin } from "../speed/start-origin.ts";
import { median, type Series } from "../speed/summary.ts";
import { table } from "../speed/table.ts";
import { type Arguments, HELP, isCompared, type Known, readArguments } from "./arguments.ts";
import { lowerQuartile, ratioOf } from "./pairs.ts";

/** As long as the bench's own. */
const WARM_MS = 900;

async function main(argv: readonly string[]): Promise<number> {
  const installed = runtimes();
  const wanted = understood(
    () => readArguments(argv, knownWith(installed)),
    "npm run bench:ab -- --help says more.",
  );
  if (wanted === undefined) return 2;
  if (wanted.help) {
    console.log(HELP);
    return 0;
  }
  let failed = false;
  for (const scenario of SCENARIOS.filter(({ name }) => wanted.sections.includes(name)))
    for (const runtime of installed.filter(({ name }) => name.includes(wanted.runtime))) {
      const list = seriesOf(scenario, runtime, wanted);
      if (list.length === 0) continue;
      await compare(scenario, list, wanted);
      console.log(`\n## ${scenario.title}: ${runtime.name}\n\n${report(list)}`);
      failed ||= list.some(({ failure }) => failure !== undefined);
    }
  return failed ? 1 : 0;
}

function knownWith(installed: readonly Runtime[]): Known {
  return {
    sections: SCENARIOS.map(({ name }) => name),
    openLoops: SCENARIOS.filter(({ share }) => share !== undefined).map(({ name }) => name),
    runtimes: installed.map(({ name }) => name),
    clients: [...Object.keys(CLIENTS), "holdfast HTTP/1.1", "holdfast fetch HTTP/1.1"],
  };
}

/** Each client of this checkout, and right behind it the same one of the others. */
function seriesOf(scenario: Scenario, runtime: Runtime, { clients, against, rate }: Arguments): Series[] {
  const possible = clientsOf(scenario, runtime);
  const kinds = clients.filter((kind) => possible.includes(kind));
  const arrivals = scenario.share === undefined || rate === undefined ? {} : { arrivals: rate };
  return kinds.flatMap((kind) =>
    [root, ...(isCompared(kind) ? against : [])].map((checkout) => ({
      scenario,
      runtime,
      kind,
      checkout,
      rounds: [],
      ...arrivals,
    })),
  );
}

async function compare(
  { tls, server, origins }: Scenario,
  list: readonly Series[],
  { windows, ms }: Arguments,
): Promise<void> {
  const origin = await (server === undefined ? startOrigin(tls, origins) : startHttp2Origin(server));
  const startedAt = performance.now();
  try {
    await takeRounds(list, origin, { rounds: windows, warmMs: WARM_MS, runMs: ms }, (round) => {
      const seconds = Math.round((performance.now() - startedAt) / 1000);
      if (round % 10 === 0) console.error(`${round} of ${windows} windows, ${seconds} s`);
    });
  } finally {
    origin.stop();
  }
}

const HEAD = ["client", "checkout", "CPU µs", "lower quartile", "answers/s", "p99 µs", "origin µs", "CPU ×"];

function report(list: readonly Series[]): string {
  return table(
    HEAD,
    list.map((one) => rowOf(one, list)),
  );
}

function rowOf(one: Series, list: readonly Series[]): readonly string[] {
  const where = one.checkout === root ? "here" : basename(one.checkout ?? root);
  if (one.failure !== undefined) return [one.kind, where, `failed: ${one.failure}`, "", "", "", "", ""];
  const first = list.find(({ kind }) => kind === one.kind) ?? one;
  const base = first === one ? (list[0] ?? one) : first;
  const cpu = one.rounds.map(({ cpuMicros }) => cpuMicros);
  return [
    one.kind,
    where,
    median(cpu).toFixed(2),
    lowerQuartile(cpu).toFixed(2),
    median(one.rounds.map(({ perSecond }) => perSecond)).toFixed(0),
    one.arrivals === undefined ? "" : median(one.rounds.map(({ p99Micros }) => p99Micros)).toFixed(0),
    median(one.rounds.map(({ originBusy, perSecond }) => (originBusy / perSecond) * 1e6)).toFixed(2),
    base === one ? "" : ratioText(one, base),
  ];
}

function ratioText({ rounds: some }: Series, { rounds: others }: Series): string {
  const cpu = (rounds: typeof some): number[] => rounds.map(({ cpuMicros }) => cpuMicros);
  const { middle, low, high } = ratioOf(cpu(some), cpu(others));
  return `${middle.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

process.exitCode = await main(process.argv.slice(2));
