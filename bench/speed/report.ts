/** Report: the measurements as Markdown. */

import { cpus, release, type as system, totalmem } from "node:os";
import type { GatewayFigures } from "../gateway/measure.ts";
import { gatewayPart } from "../gateway/table.ts";
import type { Costs } from "./costs.ts";
import { goalResults } from "./goals.ts";
import type { Runtime } from "./runtimes.ts";
import type { Scenario } from "./scenarios.ts";
import { find, type Series, type Summary, summarize } from "./summary.ts";

/** The gateways of one runtime. */
export interface GatewaysOn {
  readonly runtime: string;
  readonly figures: readonly GatewayFigures[];
}

/** Everything that a report shows. */
export interface Findings {
  readonly series: readonly Series[];
  readonly scenarios: readonly Scenario[];
  readonly runtimes: readonly Runtime[];
  readonly costs: Costs | undefined;
  readonly gateways: readonly GatewaysOn[];
  readonly versions: Readonly<Record<string, string>>;
  readonly how: string;
  readonly date: string;
}

type Row = readonly (string | number)[];

function table(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, at) => (at < 2 ? "---" : "---:"))), ...rows.map(line)].join("\n");
}

const whole = (value: number): string => Math.round(value).toLocaleString("en");
const times = (value: number): string => `${value.toFixed(2)} ×`;

/** The whole report. */
export function reportOf(findings: Findings): string {
  const { series, scenarios, costs, gateways } = findings;
  const parts = [
    "# Speed\n\nWritten by `npm run bench`. Requests per second belong to one machine; the ratios are the point.",
    machine(findings),
    goals(series),
    ...scenarios.map((scenario) => scenarioPart(findings, scenario)),
    ...gateways.map(({ runtime, figures }) => gatewayPart(runtime, figures)),
    costs === undefined ? "" : costsPart(costs, series),
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

function machine({ runtimes, versions, how, date }: Findings): string {
  const list = cpus();
  const names = runtimes.map(({ name, version }) => `${name.split(" ")[0]} ${version}`);
  const peers = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `- Date: ${date}`,
    `- Machine: ${list.length} cores of ${list[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, ${system()} ${release().split("-")[0]}`,
    `- Runtimes: ${names.join(", ")}`,
    `- Peers: ${peers.join(", ")}`,
    `- How: ${how}`,
  ].join("\n");
}

function goals(series: readonly Series[]): string {
  const rows = goalResults(series).map(
    ({ runtime, scenario, client, beside, against, atLeast, byRate, byCpu, met }) => [
      runtime,
      `${client} beside ${beside}${against === undefined ? "" : ", against the same over HTTP/1.1"}${scenario === undefined ? "" : `, ${scenario}`}`,
      `≥ ${atLeast} ×`,
      times(byRate),
      times(byCpu),
      met ? "met" : "missed",
    ],
  );
  return rows.length === 0
    ? ""
    : `## Goals\n\n${table(["runtime", "ratio", "goal", "by rate", "by CPU time", ""], rows)}`;
}

function scenarioPart({ series, runtimes }: Findings, scenario: Scenario): string {
  const rows = runtimes.flatMap((runtime) =>
    series
      .filter((one) => one.scenario.name === scenario.name && one.runtime.name === runtime.name)
      .map((one) => row(one, find(series, scenario.name, runtime.name, baseOf(scenario)))),
  );
  if (rows.length === 0) return "";
  const latency = scenario.connections === 1 ? ["p50 µs", "p99 µs"] : [];
  const head = [
    "runtime",
    "client",
    "requests/s",
    "spread",
    `× ${baseOf(scenario)}`,
    "CPU µs",
    ...latency,
    "remarks",
  ];
  return `## ${scenario.title}\n\n${table(head, rows)}`;
}

function baseOf({ base = "built-in fetch" }: Scenario): string {
  return base;
}

function row(series: Series, base: Summary | undefined): Row {
  const summary = summarize(series);
  const start = [series.runtime.name, series.kind];
  const latency = series.scenario.connections === 1;
  if (summary === undefined)
    return [...start, "–", "–", "–", "–", ...(latency ? ["–", "–"] : []), series.failure ?? ""];
  const { perSecond, spread, cpuMicros, p50Micros, p99Micros } = summary;
  return [
    ...start,
    whole(perSecond),
    `${whole(spread * 100)} %`,
    base === undefined ? "–" : times(perSecond / base.perSecond),
    cpuMicros.toFixed(1),
    ...(latency ? [whole(p50Micros), whole(p99Micros)] : []),
    remarks(summary, series.scenario),
  ];
}

function remarks({ originBound, disturbed, resumed }: Summary, { fresh }: Scenario): string {
  if (fresh === true) return `${whole(resumed * 100)} % resumed their session`;
  if (originBound) return "the origin was the bottleneck";
  return disturbed ? "the machine was busy" : "";
}

/** Where the time of a small request goes: the sockets' share, the library's, and what the two cost each other. */
function sharesPart(series: readonly Series[], library: Costs["library"]): string {
  const rows = library.flatMap(({ runtime, requestNanos, fetchNanos }) =>
    [["holdfast request", requestNanos] as const, ["holdfast fetch", fetchNanos] as const].map(
      ([client, nanos]) => {
        const whole = find(series, "small", runtime, client)?.cpuMicros ?? NaN;
        const raw = find(series, "small", runtime, "raw socket")?.cpuMicros ?? NaN;
        const rest = whole - raw - nanos / 1000;
        return [runtime, client, ...[whole, raw, nanos / 1000, rest].map((micros) => micros.toFixed(1))];
      },
    ),
  );
  const head = ["runtime", "client", "CPU µs", "raw socket", "the library, without a network", "the rest"];
  return `## Where the time goes, 100-byte answers over 50 connections\n\n${table(head, rows)}\n\nThe rest is what neither has alone: caches that each empties for the other, garbage, and an origin that sleeps more often and is woken by each write.`;
}

/** KiB of an idle connection without TLS. With TLS, the best peer is the goal. */
const IDLE_GOALS: Readonly<Record<string, number>> = { "Node 24": 14, Deno: 18, Bun: 7 };

function idleGoal(idle: Costs["idle"], runtime: string, kind: string): string {
  const of = (one: string): number =>
    idle.find((row) => row.runtime === runtime && row.kind === one)?.bytesEach ?? NaN;
  const best = Math.min(of("built-in fetch, TLS"), of("node:http, TLS")) / 1024;
  const goals: Readonly<Record<string, number | undefined>> = {
    holdfast: IDLE_GOALS[runtime],
    "holdfast, TLS": best,
  };
  const goal = goals[kind];
  return goal === undefined ? "" : `≤ ${goal.toFixed(1)}: ${of(kind) / 1024 <= goal ? "met" : "missed"}`;
}

function costsPart({ bundles, core, library, idle, startup }: Costs, series: readonly Series[]): string {
  const nanos = (runtime: string): Map<string, number> =>
    new Map(
      core
        .find((one) => one.runtime === runtime)
        ?.rows.map(({ origins, idle: idling, pairNanos }) => [`${origins}/${idling}`, pairNanos]),
    );
  const columns = core.map(({ runtime }) => nanos(runtime));
  const coreRows = (core[0]?.rows ?? []).map(({ origins, idle: idling }) => [
    whole(origins),
    whole(idling),
    ...columns.map((column) => whole(column.get(`${origins}/${idling}`) ?? NaN)),
  ]);
  return [
    sharesPart(series, library),
    `## Acquire and release in the core, ns for both\n\n${table(["origins", "idle connections", ...core.map(({ runtime }) => runtime)], coreRows)}`,
    `## Memory per idle connection\n\n${table(
      ["runtime", "client", "open", "KiB each", "goal"],
      idle.map(({ runtime, kind, open, bytesEach }) => [
        runtime,
        kind,
        whole(open),
        (bytesEach / 1024).toFixed(1),
        idleGoal(idle, runtime, kind),
      ]),
    )}`,
    `## From import to the end of the first answer\n\n${table(
      ["runtime", "client", "ms"],
      startup.map(({ runtime, kind, ms }) => [runtime, kind, ms.toFixed(1)]),
    )}`,
    `## Size\n\n${table(
      ["bundle", "goal, gzipped", "minified", "gzipped"],
      bundles.map(({ name, minified, gzipped, atMost }) => [
        name,
        atMost === undefined ? "" : `≤ ${whole(atMost)} bytes: ${gzipped <= atMost ? "met" : "missed"}`,
        `${whole(minified)} bytes`,
        `${whole(gzipped)} bytes`,
      ]),
    )}`,
  ].join("\n\n");
}
