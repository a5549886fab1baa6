/** Report: the measurements as Markdown. */

import { gatewayPart } from "../gateway/table.ts";
import { costsParts } from "./cost-report.ts";
import { GOALS } from "./goal-list.ts";
import { type GoalRow, goalRows } from "./goals.ts";
import { measuredLine } from "./measured-line.ts";
import { proofOf } from "./proofs.ts";
import type { Row as Measured, Part } from "./results.ts";
import { baseOf, SCENARIOS, type Scenario } from "./scenarios.ts";
import type { Summary } from "./summary.ts";
import { type Row, table, times, whole } from "./table.ts";

/** The order in which runtimes are shown. Others follow. */
const RUNTIMES = ["", "Node 24", "Deno", "Bun", "Node 22", "Node 20", "Rust", "Go"];

const INTRODUCTION = `# Speed

Written by \`npm run bench\`. Requests per second belong to one machine; the ratios are the point. Client and origin each have a
core of their own, rounds are interleaved, and medians count. Each section says when it was measured: a run of some sections
leaves the others as they are.`;

/** The whole report. */
export function reportOf(given: readonly Part[]): string {
  const place = ({ runtime }: Part): number => RUNTIMES.indexOf(runtime) + 1 || RUNTIMES.length + 1;
  const parts = [...given].sort((one, other) => place(one) - place(other));
  const gateways = parts.filter(({ gateways: figures }) => figures !== undefined);
  const all = [
    INTRODUCTION,
    machines(parts),
    goals(parts),
    ...SCENARIOS.map((scenario) => scenarioPart(parts, scenario)),
    ...gateways.map((part) => `${gatewayPart(part.runtime, part.gateways ?? [])}\n\n${measuredLine([part])}`),
    ...parts.map(workersPart),
    ...costsParts(parts),
  ];
  return `${all.filter((part) => part !== "").join("\n\n")}\n`;
}

function machines(parts: readonly Part[]): string {
  const newest = [...parts].sort((one, other) => (one.measured.date < other.measured.date ? -1 : 1));
  const versions = Object.assign({}, ...newest.map(({ measured }) => measured.versions)) as Record<
    string,
    string
  >;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const all = [...new Set(newest.map(({ measured }) => measured.machine))];
  return [...all.map((machine) => `- Machine: ${machine}`), `- Versions: ${names.join(", ")}`].join("\n");
}

function verdictWord({ section, runtime, verdict }: GoalRow): string {
  if (verdict === undefined) return "not measured";
  if (verdict.met) return "met";
  const proof = proofOf(section, runtime);
  return proof === undefined ? "**missed**" : `**missed**, [why](${proof})`;
}

function goals(parts: readonly Part[]): string {
  const rows = goalRows(GOALS, parts).map((row) => [
    row.runtime,
    `${row.what}, ${row.section}`,
    row.goal,
    row.verdict?.value ?? "–",
    row.verdict?.byCpu ?? "",
    verdictWord(row),
    row.date,
  ]);
  if (rows.length === 0) return "";
  const head = ["runtime", "what, section", "goal", "measured", "by CPU time", "", "on"];
  return `## Goals\n\n${table(head, rows)}`;
}

function workersPart(part: Part): string {
  if (part.workers === undefined) return "";
  const lines = ["```", ...part.workers.lines, "```"].join("\n");
  return `## A request from a Worker, in workerd\n\n${lines}\n\n${measuredLine([part])}`;
}

function scenarioPart(all: readonly Part[], scenario: Scenario): string {
  const parts = all.filter(({ section }) => section === scenario.name);
  if (parts.length === 0) return "";
  const base = baseOf(scenario);
  const rows = parts.flatMap(({ runtime, rows: measured = [] }) => {
    const beside = measured.find(({ kind }) => kind === base)?.summary;
    return measured.map((one) => row(runtime, one, beside, scenario));
  });
  return `## ${scenario.title}\n\n${table(headOf(scenario), rows)}\n\n${measuredLine(parts)}`;
}

function headOf(scenario: Scenario): string[] {
  const figures =
    scenario.share === undefined
      ? ["requests/s", "spread", `× ${baseOf(scenario)}`, "CPU µs", ...latencyHead(scenario)]
      : ["requests/s", "p50 µs", "p99 µs", "p99 of each round", "longest, µs"];
  return ["runtime", "client", ...figures, "remarks"];
}

const hasLatency = ({ connections }: Scenario): boolean => connections === 1;
const latencyHead = (scenario: Scenario): string[] => (hasLatency(scenario) ? ["p50 µs", "p99 µs"] : []);

function row(
  runtime: string,
  { kind, summary, failure = "" }: Measured,
  base: Summary | undefined,
  scenario: Scenario,
): Row {
  const start = [runtime, kind];
  if (summary === undefined) {
    const figures = headOf(scenario).length - start.length - 1;
    return [...start, ...Array.from({ length: figures }, () => "–"), failure];
  }
  const { perSecond, spread, cpuMicros, p50Micros, p99Micros, maxMicros } = summary;
  if (scenario.share !== undefined)
    return [
      ...start,
      ...[perSecond, p50Micros, p99Micros].map(whole),
      rangeOf(summary),
      whole(maxMicros),
      failure,
    ];
  return [
    ...start,
    whole(perSecond),
    `${whole(spread * 100)} %`,
    base === undefined ? "–" : times(perSecond / base.perSecond),
    cpuMicros.toFixed(1),
    ...(hasLatency(scenario) ? [whole(p50Micros), whole(p99Micros)] : []),
    remarks(summary, scenario),
  ];
}

const rangeOf = ({ p99Range }: Summary): string =>
  p99Range === undefined ? "–" : p99Range.map(whole).join(" to ");

function remarks({ originBound, disturbed, resumed }: Summary, { fresh }: Scenario): string {
  const busy = disturbed ? "the machine was busy" : "";
  const state = originBound ? "the origin was the bottleneck" : busy;
  if (fresh !== true) return state;
  const share = `each on a new connection, ${whole(resumed * 100)} % resumed their session`;
  return state === "" ? share : `${share}; ${state}`;
}
