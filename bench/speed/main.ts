/**
 * Speed: Holdfast beside other clients on every installed runtime. Each client has a process and a CPU core of its
 * own, and so has the origin. Rounds are interleaved; medians and their ratios count.
 *
 * `npm run bench`                 everything; writes bench/results.md and bench/chart.svg
 * `npm run bench -- --rounds 3 --seconds 0.7`    the same in 17 minutes
 * `npm run bench -- --quick`      a part in two minutes; writes nothing
 * `npm run bench -- --only http2`   the scenarios for HTTP/2
 * `npm run bench -- --only gateway` `forward()` beside other gateways, on each Node
 * `npm run bench -- --only small,tls --rounds 7 --seconds 2 --runtime Node`
 */

import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../../scripts/entries.ts";
import { countsLine } from "../../scripts/test/counts.ts";
import { find } from "../../tests/parity/systems/tools.ts";
import { measureGateways } from "../gateway/measure.ts";
import { chartOf } from "./chart.ts";
import { type CostOrigins, type Costs, measureCosts } from "./costs.ts";
import { goClient } from "./go.ts";
import { startHttp2Origin } from "./http2-origins.ts";
import { type Findings, type GatewaysOn, reportOf } from "./report.ts";
import { reqwest } from "./reqwest.ts";
import { measure } from "./round.ts";
import { type Runtime, runtimes } from "./runtimes.ts";
import { clientsOf, SCENARIOS, type Scenario } from "./scenarios.ts";
import { type Origin, startOrigin } from "./start-origin.ts";
import { type Series, summarize } from "./summary.ts";

const OPTIONS = {
  quick: { type: "boolean", default: false },
  slice: { type: "boolean", default: false },
  only: { type: "string" },
  runtime: { type: "string", default: "" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  out: { type: "string" },
} as const;

/** Reads the arguments. Reports a mistake, and ends with 2. */
function given() {
  try {
    return parseArgs({ options: OPTIONS }).values;
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(2);
  }
}

const values = given();
const { quick, slice } = values;
const short = quick || slice;
const rounds = Number(values.rounds ?? (short ? 1 : 5));
const runMs = Number(values.seconds ?? (short ? 0.2 : 1.5)) * 1000;
const lengths = { runMs, warmMs: short ? 100 : Math.min(1500, 1.2 * runMs) };

const chosen = runtimes().filter(({ name }) => name.includes(slice ? "Node" : values.runtime));
/** `http2` stands for all of its scenarios. */
const HTTP2 = SCENARIOS.filter(({ server }) => server !== undefined).map(({ name }) => name);
const wanted =
  values.only?.split(",").flatMap((name) => (name === "http2" ? HTTP2 : [name])) ??
  (slice ? ["small", "upload", "tls", "h2-nginx"] : undefined);
const unknown =
  wanted?.filter(
    (name) => name !== "costs" && name !== "gateway" && !SCENARIOS.some((one) => one.name === name),
  ) ?? [];
if (unknown.length > 0 || chosen.length === 0 || !(Number.isInteger(rounds) && rounds > 0 && runMs > 0)) {
  const names = [...SCENARIOS.map(({ name }) => name), "http2", "gateway", "costs"].join(", ");
  console.error(
    `Not understood: ${unknown.join(", ") || "--runtime is a name, --rounds and --seconds are numbers above 0"}.`,
  );
  console.error(
    `Scenarios: ${names}. Runtimes: ${runtimes()
      .map(({ name }) => name)
      .join(", ")}.`,
  );
  process.exit(2);
}
/** Not every machine has the servers of HTTP/2. */
function isPossible({ server, title }: Scenario): boolean {
  if (server === undefined || find(server) !== undefined) return true;
  console.error(`${title}: left out, because ${server} is not installed.`);
  return false;
}

const scenarios = SCENARIOS.filter(({ name }) => wanted === undefined || wanted.includes(name)).filter(
  isPossible,
);
const outside = slice ? [] : [...(await reqwest()), ...goClient()];

const origins = new Map<string, Origin>();
async function originFor({
  server,
  tls,
  origins: count = 1,
}: Pick<Scenario, "server" | "tls" | "origins">): Promise<Origin> {
  const name = server ?? `${tls ? "TLS" : "plain"}, ${count}`;
  const origin =
    origins.get(name) ??
    (server === undefined ? await startOrigin(tls, count) : await startHttp2Origin(server));
  origins.set(name, origin);
  return origin;
}

/** nginx, where it is installed. */
async function http2Origin(): Promise<Origin | undefined> {
  return await originFor({ server: "nginx", tls: true }).catch(() => undefined);
}

async function costOrigins(): Promise<CostOrigins> {
  const [plain, tls] = [await originFor({ tls: false }), await originFor({ tls: true })];
  return { plain, tls, http2: await http2Origin() };
}

/** `--slice` only shows that the bench runs: our clients and one other. */
function kindsOf(scenario: (typeof SCENARIOS)[number], runtime: (typeof chosen)[number]): string[] {
  const kinds = clientsOf(scenario, runtime);
  if (slice) return kinds.slice(0, 3);
  return quick ? kinds.filter((kind) => !["agentkeepalive", "ky", "got", "axios"].includes(kind)) : kinds;
}

/** Go takes part over HTTP/2, reqwest where the answers are small. */
function outsideKinds({ name, server, peers = [] }: Scenario, { peers: kinds }: Runtime): readonly string[] {
  if (server === undefined)
    return name === "small" || name === "one" ? kinds.filter((kind) => kind === "reqwest") : [];
  return kinds.filter((kind) => peers.includes(kind));
}

const series: Series[] = scenarios.flatMap((scenario) =>
  [...chosen, ...outside].flatMap((runtime) => {
    const kinds = outside.includes(runtime) ? outsideKinds(scenario, runtime) : kindsOf(scenario, runtime);
    return kinds.map((kind) => ({ scenario, runtime, kind, rounds: [] }));
  }),
);

async function takeRound(one: Series): Promise<void> {
  if (one.failure !== undefined) return;
  const { runtime, kind, scenario } = one;
  try {
    one.rounds.push(await measure(runtime, kind, scenario, await originFor(scenario), lengths));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    one.failure = /^(?!Command failed).*Error: (.*)/m.exec(text)?.[1] ?? text.split("\n")[0] ?? "failed";
    console.error(`${runtime.name}, ${kind}, ${scenario.name}: ${one.failure}`);
  }
}

for (const scenario of scenarios) {
  const own = series.filter((one) => one.scenario === scenario);
  for (let round = 1; round <= rounds; round++) {
    for (const one of own) await takeRound(one);
    console.error(`${scenario.name}: round ${round} of ${rounds}`);
  }
}
const withCosts = !slice && (wanted === undefined || wanted.includes("costs"));
const costs: Costs | undefined = withCosts
  ? await measureCosts(chosen, await costOrigins(), quick)
  : undefined;
for (const origin of origins.values()) origin.stop();

const gateways: GatewaysOn[] = [];
if (!slice && (wanted === undefined || wanted.includes("gateway"))) {
  for (const { name, command } of chosen.filter(({ name }) => name.startsWith("Node"))) {
    const figures = await measureGateways(command[0] ?? process.execPath, { ...lengths, rounds });
    gateways.push({ runtime: name, figures });
    console.error(`gateway: ${name}`);
  }
}

const require = createRequire(import.meta.url);
const PEERS = ["undici", "agentkeepalive", "got", "axios", "ky"];
function versionOf(name: string): string {
  try {
    return (require(join(root, "node_modules", name, "package.json")) as { version: string }).version;
  } catch {
    return "not installed";
  }
}

const findings: Findings = {
  series,
  scenarios,
  runtimes: [...chosen, ...outside],
  costs,
  gateways,
  versions: Object.fromEntries(PEERS.map((name) => [name, versionOf(name)])),
  how: `medians of ${rounds} interleaved rounds of ${runMs / 1000} s after ${lengths.warmMs / 1000} s of warm-up, client and origin each on a core of its own`,
  date: new Date().toISOString().slice(0, 10),
};
const report = reportOf(findings);
console.log(report);
const out =
  values.out ?? (short || wanted !== undefined || values.runtime !== "" ? undefined : join(root, "bench"));
if (out !== undefined) {
  writeFileSync(join(out, "results.md"), report);
  const chart = chartOf(series);
  if (chart !== undefined) writeFileSync(join(out, "chart.svg"), chart);
}

// Fails if one of our clients got a wrong response, or if the origin was the bottleneck.
const ours = series.filter(({ kind }) => kind.startsWith("holdfast") || kind === "built-in fetch");
const failed = ours.filter(({ failure }) => failure !== undefined);
const bound = short ? [] : series.filter((one) => summarize(one)?.originBound === true);
for (const { runtime, kind, scenario } of bound)
  console.error(`The origin was the bottleneck: ${runtime.name}, ${kind}, ${scenario.name}`);
const absent = series.filter(({ failure }) => failure !== undefined).length - failed.length;
console.log(
  countsLine({
    passed: series.length - failed.length - absent - bound.length,
    failed: failed.length + bound.length,
    skipped: absent,
  }),
);
process.exit(failed.length + bound.length === 0 ? 0 : 1);
