/** Probe text: what `holdfast probe` prints for people. */

import { formatMs } from "../contract/duration.ts";
import type { EndKind, Finding } from "../probe/findings.ts";
import type { ProbeReport } from "../probe/probe.ts";
import { advisedOptions, races, resemblance, truthOf } from "./probe-reading.ts";

/** The report as text. */
export function probeText(report: ProbeReport): string {
  const { status, httpVersion, server, addresses } = report;
  return [
    `${report.url} answers ${status} by HTTP/${httpVersion}${server === undefined ? "" : `, Server: ${server}`}`,
    ...(addresses.length > 1 ? [`Addresses: ${addresses.join(", ")}`] : []),
    "",
    ...table(report),
    "",
    ...sentences(report),
    "",
    ...raceLines(report),
    `Set: ${advisedOptions(report)}`,
    "",
  ].join("\n");
}

function table(report: ProbeReport): string[] {
  const rows: (readonly [string, string, string])[] = [
    ["limit", "found", "how sure"],
    row("idle after a request", report.idle, formatTime),
    row("idle before the first", report.unused, formatTime),
    row("requests on a connection", report.requests, String),
    row("lifetime in steady use", report.lifetime, formatTime),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map(([limit, found, sure]) =>
    `${limit.padEnd(widths[0] ?? 0)}  ${found.padEnd(widths[1] ?? 0)}  ${sure}`.trimEnd(),
  );
}

const HOW: Readonly<Record<EndKind, string>> = {
  announced: "announced by Connection: close",
  closed: "closed by FIN",
  reset: "closed by RST",
  silent: "forgotten without a word",
};

function row(
  name: string,
  finding: Finding,
  format: (value: number) => string,
): readonly [string, string, string] {
  const { value, atLeast, between, seen, how } = finding;
  if (value === undefined)
    return atLeast > 0 ? [name, "not reached", `held at ${format(atLeast)}`] : [name, "not measured", ""];
  const times = seen === 1 ? "seen once" : `seen ${seen} times`;
  const spread =
    between === undefined || format(between[0]) === format(between[1])
      ? ""
      : `, between ${format(between[0])} and ${format(between[1])}`;
  return [name, format(value), `${how === undefined ? "" : `${HOW[how]}, `}${times}${spread}`];
}

/** A time to a tenth of a second, or to a second when it is long. */
function formatTime(ms: number): string {
  if (ms >= 20_000) return formatMs(Math.round(ms / 1000) * 1000);
  return `${Math.round(ms / 100) / 10}s`;
}

function sentences(report: ProbeReport): string[] {
  const near = resemblance(report);
  const differs =
    near === undefined || near.differences.length === 0 ? "" : `, but for ${near.differences.join("; ")}`;
  return [
    ...truthOf(report),
    ...http10Sentence(report),
    ...tlsSentence(report),
    ...(report.announced.altSvc === undefined ? [] : [`Alt-Svc: ${report.announced.altSvc}`]),
    ...(near === undefined ? [] : [`It resembles the preset ${near.name}${differs}.`]),
    ...report.notes,
    `It took ${report.cost.requests} requests and ${formatTime(report.cost.tookMs)}.`,
  ];
}

function http10Sentence({ http10 }: ProbeReport): string[] {
  if (http10.keepsWhenAsked === undefined) return [];
  const asked = http10.keepsWhenAsked ? "keeps a connection that asks for it" : "keeps no connection";
  const unasked =
    http10.keepsUnasked === true ? ", and one that does not ask as well (against RFC 9112 §9.3)" : "";
  return [`With HTTP/1.0 it ${asked}${unasked}.`];
}

function tlsSentence({ tls }: ProbeReport): string[] {
  if (tls === undefined) return [];
  const { protocol = "TLS", cipher } = tls.facts;
  const resumes = tls.resumes === undefined ? "" : `, sessions are ${tls.resumes ? "" : "not "}resumed`;
  return [`${protocol}${cipher === undefined ? "" : ` with ${cipher}`}${resumes}.`];
}

const FIRST = {
  client: "closes first",
  server: "meets closed connections",
  race: "races with the server",
} as const;

function raceLines(report: ProbeReport): string[] {
  const keepAlive = report.announced.timeoutMs;
  const field = keepAlive === undefined ? undefined : `timeout=${keepAlive / 1000}`;
  const all = races(report, field);
  if (all.length === 0) return [];
  const lines = (["client", "race", "server"] as const).flatMap((first) => {
    const names = all.filter((race) => race.first === first).map(({ client }) => client);
    return names.length === 0 ? [] : [`${FIRST[first].padEnd(25)}${names.join(", ")}`];
  });
  return ["Against the client presets:", ...lines, ""];
}
