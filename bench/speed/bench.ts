/** Bench: takes one section after the other: starts origins and clients, takes their rounds in turn, and makes parts of them. */

import { createRequire } from "node:module";
import { join } from "node:path";
import { root } from "../../scripts/entries.ts";
import { find as findProgram } from "../../tests/parity/systems/tools.ts";
import { measureGateways } from "../gateway/measure.ts";
import type { Arguments } from "./arguments.ts";
import { bundles } from "./bundle.ts";
import { type CostOrigins, hasCosts, measureCosts } from "./costs.ts";
import { goClient } from "./go.ts";
import { bestPeer } from "./goals.ts";
import { startHttp2Origin } from "./http2-origins.ts";
import { openRoundMs } from "./open-lengths.ts";
import type { Progress } from "./progress.ts";
import { reqwest } from "./reqwest.ts";
import { type Origins, type Part, type Row, thisMachine } from "./results.ts";
import { takeRounds } from "./round.ts";
import type { Runtime } from "./runtimes.ts";
import { clientsOf, SCENARIOS, type Scenario } from "./scenarios.ts";
import { allRoundsOf, roundsOf, secondsOf, secondsOfRound } from "./sections.ts";
import { type Origin, startOrigin } from "./start-origin.ts";
import { type Series, summarize } from "./summary.ts";
import { measureWorkers } from "./workers.ts";

const PEERS = ["undici", "agentkeepalive", "got", "axios", "ky"];
/** `--quick` leaves out the slowest. */
const SLOW = ["agentkeepalive", "ky", "got", "axios"];
/** `--slice` only shows that the bench runs: our clients and one other. */
const SLICE_CLIENTS = 3;

/** One run. */
export class Bench {
  /** All that were measured. */
  readonly series: Series[] = [];
  readonly #wanted: Arguments;
  readonly #runtimes: readonly Runtime[];
  readonly #progress: Progress;
  readonly #origins = new Map<string, Origin>();
  /** Other languages. They are built when a scenario wants them. */
  #outside: Promise<readonly Runtime[]> | undefined;
  /** What the best peer of each runtime can do. */
  readonly #capacities = new Map<string, number>();

  constructor(wanted: Arguments, list: readonly Runtime[], progress: Progress) {
    this.#wanted = wanted;
    this.#runtimes = list;
    this.#progress = progress;
  }

  stop(): void {
    for (const origin of this.#origins.values()) origin.stop();
  }

  /** Measures a section on all runtimes. */
  async take(section: string): Promise<Part[]> {
    const scenario = SCENARIOS.find(({ name }) => name === section);
    if (scenario !== undefined) return isPossible(scenario) ? await this.#takeScenario(scenario) : [];
    if (section === "size" || section === "workers") {
      const part = section === "size" ? await this.#sizes() : await this.#workers();
      this.#progress.done(secondsOf(section, undefined, this.#wanted.effort));
      console.error(this.#progress.line(section));
      return [part];
    }
    const parts: Part[] = [];
    for (const runtime of this.#runtimes) {
      const part =
        section === "gateway" ? await this.#gateways(runtime) : await this.#costs(section, runtime);
      if (part !== undefined) parts.push(part);
      this.#progress.done(secondsOf(section, runtime, this.#wanted.effort));
      console.error(this.#progress.line(`${section}: ${runtime.name}`));
    }
    return parts;
  }

  async #takeScenario(scenario: Scenario): Promise<Part[]> {
    const { effort } = this.#wanted;
    const series = await this.#seriesOf(scenario);
    if (series.length === 0) return [];
    const inside = series.filter(({ runtime }) => runtime.isOutside !== true).length;
    const given = { ...effort, rounds: roundsOf(scenario, effort) };
    const all = allRoundsOf(scenario, effort);
    await takeRounds(series, await this.#originFor(scenario), given, (round) => {
      this.#progress.done(inside * secondsOfRound(scenario, effort, round));
      console.error(this.#progress.line(`${scenario.name}: round ${round} of ${all}`));
    });
    this.series.push(...series);
    return this.#partsOf(scenario, series);
  }

  #partsOf(scenario: Scenario, series: readonly Series[]): Part[] {
    const { name } = scenario;
    return [...new Set(series.map(({ runtime }) => runtime))].map((runtime) => ({
      section: name,
      runtime: runtime.name,
      measured: this.#measuredOpen(scenario, runtime) ?? this.#measured(runtime),
      rows: series.filter((one) => one.runtime === runtime).map(rowOf),
    }));
  }

  /** Every client of a scenario on every runtime, with the rate at which its requests come. */
  async #seriesOf(scenario: Scenario): Promise<Series[]> {
    const { share } = scenario;
    const list: Series[] = [];
    for (const runtime of this.#runtimes) {
      const kinds = this.#kindsOf(scenario, runtime);
      const arrivals =
        share === undefined || kinds.length === 0
          ? {}
          : { arrivals: share * (await this.#capacityOf(runtime)) };
      list.push(...kinds.map((kind) => ({ scenario, runtime, kind, rounds: [], ...arrivals })));
    }
    for (const runtime of await this.#outsideOf(scenario))
      list.push(...runtime.peers.map((kind) => ({ scenario, runtime, kind, rounds: [] })));
    return list;
  }

  #kindsOf(scenario: Scenario, runtime: Runtime): string[] {
    const { slice, quick } = this.#wanted;
    const kinds = clientsOf(scenario, runtime);
    if (slice) return kinds.slice(0, SLICE_CLIENTS);
    return quick ? kinds.filter((kind) => !SLOW.includes(kind)) : kinds;
  }

  /** Go takes part over HTTP/2, reqwest where the answers are small. */
  async #outsideOf({ name, server, peers = [] }: Scenario): Promise<readonly Runtime[]> {
    const { slice, runtime } = this.#wanted;
    const wants = server === undefined ? ["small", "one"].includes(name) : true;
    if (slice || runtime !== "" || !wants) return [];
    this.#outside ??= reqwest().then((rust) => [...rust, ...goClient()]);
    const all = await this.#outside;
    return all.filter(({ peers: [kind = ""] }) =>
      server === undefined ? kind === "reqwest" : peers.includes(kind),
    );
  }

  /** What the best peer of a runtime does when each answer is followed by a request, in requests per second. */
  async #capacityOf(runtime: Runtime): Promise<number> {
    const known = this.#capacities.get(runtime.name);
    if (known !== undefined) return known;
    const scenario = SCENARIOS.find(({ share }) => share !== undefined);
    if (scenario === undefined) throw new Error("There is no open loop");
    const { share: _, ...closed } = scenario;
    const kinds = this.#kindsOf(closed, runtime).filter((kind) => !kind.startsWith("holdfast"));
    const series: Series[] = kinds.map((kind) => ({ scenario: closed, runtime, kind, rounds: [] }));
    await takeRounds(series, await this.#originFor(closed), { ...this.#wanted.effort, rounds: 3 }, () => {});
    const [part] = this.#partsOf(closed, series);
    const capacity = part === undefined ? undefined : bestPeer([part], closed.name, runtime.name)?.perSecond;
    if (capacity === undefined) throw new Error(`No peer works on ${runtime.name}`);
    console.error(
      this.#progress.line(`${runtime.name}: the best peer does ${Math.round(capacity)} requests/s`),
    );
    this.#capacities.set(runtime.name, capacity);
    return capacity;
  }

  async #costs(section: string, runtime: Runtime): Promise<Part | undefined> {
    if (!hasCosts(runtime)) return undefined;
    const figures = await measureCosts(section, runtime, () => this.#costOrigins(), this.#wanted.quick);
    return { section, runtime: runtime.name, measured: this.#measured(runtime, 0), ...figures };
  }

  async #sizes(): Promise<Part> {
    const sizes = (await bundles()).map(({ name, minified, gzipped, atMost }) => ({
      name,
      minified,
      gzipped,
      ...(atMost === undefined ? {} : { atMost }),
    }));
    return { section: "size", runtime: "", measured: this.#measured(undefined, 0), bundles: sizes };
  }

  async #workers(): Promise<Part> {
    const workers = await measureWorkers(this.#wanted.effort);
    return { section: "workers", runtime: "", measured: this.#measured(undefined), workers };
  }

  async #gateways(runtime: Runtime): Promise<Part | undefined> {
    if (!runtime.name.startsWith("Node")) return undefined;
    const gateways = await measureGateways(runtime.command[0] ?? process.execPath, this.#wanted.effort);
    return { section: "gateway", runtime: runtime.name, measured: this.#measured(runtime), gateways };
  }

  #measured(runtime: Runtime | undefined, seconds = this.#wanted.effort.runMs / 1000): Origins {
    const versions: Record<string, string> = Object.fromEntries(PEERS.map((name) => [name, versionOf(name)]));
    if (runtime !== undefined) versions[runtime.name] = runtime.version;
    const date = new Date().toISOString().slice(0, 10);
    return { date, rounds: this.#wanted.effort.rounds, seconds, ...thisMachine(), versions };
  }

  /** Rounds of an open loop are more and shorter. */
  #measuredOpen(scenario: Scenario, runtime: Runtime): Origins | undefined {
    const capacity = this.#capacities.get(runtime.name);
    if (scenario.share === undefined || capacity === undefined) return undefined;
    const { effort } = this.#wanted;
    const seconds = openRoundMs(scenario.share * capacity, effort.runMs) / 1000;
    return {
      ...this.#measured(runtime, Math.round(100 * seconds) / 100),
      rounds: roundsOf(scenario, effort),
    };
  }

  async #originFor({
    server,
    tls,
    origins: count = 1,
  }: Pick<Scenario, "server" | "tls" | "origins">): Promise<Origin> {
    const name = server ?? `${tls ? "TLS" : "plain"}, ${count}`;
    const origin =
      this.#origins.get(name) ??
      (server === undefined ? await startOrigin(tls, count) : await startHttp2Origin(server));
    this.#origins.set(name, origin);
    return origin;
  }

  async #costOrigins(): Promise<CostOrigins> {
    const http2 = await this.#originFor({ server: "nginx", tls: true }).catch(() => undefined);
    return { plain: await this.#originFor({ tls: false }), tls: await this.#originFor({ tls: true }), http2 };
  }
}

function rowOf(series: Series): Row {
  const summary = summarize(series);
  const { kind, failure } = series;
  return {
    kind,
    ...(summary === undefined || failure !== undefined ? {} : { summary }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** Not every machine has the servers of HTTP/2. */
function isPossible({ server, title }: Scenario): boolean {
  if (server === undefined || findProgram(server) !== undefined) return true;
  console.error(`${title}: left out, because ${server} is not installed.`);
  return false;
}

const require = createRequire(import.meta.url);

function versionOf(name: string): string {
  try {
    return (require(join(root, "node_modules", name, "package.json")) as { version: string }).version;
  } catch {
    return "not installed";
  }
}
