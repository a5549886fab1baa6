/** Probe text: what `holdfast probe` prints for people. */

import type { EndKind, Finding } from "../probe/findings.ts";
import type { ConnectionLimits, Http2Report, ProbeReport } from "../probe/probe-report.ts";
import { sizeOf } from "./http2-text.ts";
import { advisedOptions, advisedRules, measuredTime, races, resemblance, truthOf } from "./probe-reading.ts";

/** The report as text. */
export function probeText(report: ProbeReport): string {
  const { status, httpVersion, server, addresses, http2 } = report;
  const both = http2 !== undefined && httpVersion !== "2";
  const by = `HTTP/${httpVersion}${both ? " and HTTP/2" : ""}`;
  return [
    `${report.url} answers ${status} by ${by}${server === undefined ? "" : `, Server: ${server}`}`,
    ...(addresses.length > 1 ? [`Addresses: ${addresses.join(", ")}`] : []),
    "",
    ...(httpVersion === "2" ? [] : [...table("limit", report), ""]),
    ...(http2 === undefined ? [] : [...table("over HTTP/2", http2), ""]),
    ...sentences(report),
    "",
    ...raceLines(report),
    `Set, to call it:     ${advisedOptions(report)}`,
    `Set, to do the same: ${advisedRules(report)}`,
    "",
  ].join("\n");
}

function table(title: string, limits: ConnectionLimits): string[] {
  const rows: (readonly [string, string, string])[] = [
    [title, "found", "how sure"],
    row("idle after a request", limits.idle, measuredTime),
    row("idle before the first", limits.unused, measuredTime),
    row("requests on a connection", limits.requests, String),
    row("lifetime in steady use", limits.lifetime, measuredTime),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((cells) => (cells[column] ?? "").length)));
  return rows.map(([limit, found, sure]) =>
    `${limit.padEnd(widths[0] ?? 0)}  ${found.padEnd(widths[1] ?? 0)}  ${sure}`.trimEnd(),
  );
}

const HOW: Readonly<Record<EndKind, string>> = {
  announced: "announced (Connection: close, GOAWAY)",
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

function sentences(report: ProbeReport): string[] {
  const near = resemblance(report);
  const differs =
    near === undefined || near.differences.length === 0 ? "" : `; but ${near.differences.join("; ")}`;
  return [
    ...truthOf(report),
    ...http1Sentences(report),
    ...(report.http2 === undefined ? [] : http2Sentences(report.http2)),
    ...tlsSentences(report),
    ...(near === undefined
      ? ["It resembles none of the server presets."]
      : [`It resembles the preset ${near.name}${differs}.`]),
    ...report.notes,
    `It took ${report.cost.requests} requests and ${measuredTime(report.cost.tookMs)}.`,
  ];
}

function http1Sentences({ http1 }: ProbeReport): string[] {
  const { keepsWhenAsked, keepsUnasked, closesWhenAsked } = http1;
  const asked = keepsWhenAsked === true ? "keeps a connection that asks for it" : "keeps no connection";
  const unasked = keepsUnasked === true ? ", and one that does not ask as well (against RFC 9112 §9.3)" : "";
  return [
    ...(keepsWhenAsked === undefined ? [] : [`With HTTP/1.0 it ${asked}${unasked}.`]),
    ...(closesWhenAsked === false
      ? ["It does not close a connection that asks for it with Connection: close (RFC 9112 §9.6)."]
      : []),
  ];
}

function http2Sentences({ settings, ping, goaway }: Http2Report): string[] {
  const { maxStreams, streamWindow, connectionWindow, maxFrameSize, maxFieldBytes } = settings;
  const streams = maxStreams === undefined ? "any number of" : String(maxStreams);
  const fields = maxFieldBytes === undefined ? "" : `, fields of a request up to ${sizeOf(maxFieldBytes)}`;
  const connect = settings.extendedConnect ? ", WebSockets by Extended CONNECT" : "";
  const windows = `windows of ${sizeOf(streamWindow)} and ${sizeOf(connectionWindow)} for the connection`;
  return [
    `HTTP/2: ${streams} streams at a time, ${windows}, frames up to ${sizeOf(maxFrameSize)}${fields}${connect}.`,
    ...pingSentence(ping),
    ...(goaway === undefined ? [] : [`It ends HTTP/2 with ${goaway}.`]),
  ];
}

function pingSentence({ answered, tookMs, tolerated, tried, refusal, prolongs }: Http2Report["ping"]) {
  if (answered === undefined) return [];
  if (!answered) return ["It does not answer PING."];
  const count = refusal === undefined && tolerated < tried ? `${tolerated}` : `${tolerated} of ${tried}`;
  const complaint = refusal === undefined ? "" : `, and one more was answered by ${refusal}`;
  const keeps =
    prolongs === undefined
      ? ""
      : `, and ${prolongs ? "keep a connection open" : "do not keep a connection open"} beyond its idle limit`;
  return [
    `PINGs are answered within ${Math.ceil(tookMs)} ms: ${count}, a second apart, were tolerated${complaint}${keeps}.`,
  ];
}

function tlsSentences({ tls }: ProbeReport): string[] {
  if (tls === undefined) return [];
  const { protocol = "TLS", cipher } = tls.facts ?? {};
  const resumes = tls.resumes === undefined ? "" : `, sessions are ${tls.resumes ? "" : "not "}resumed`;
  return [
    `${protocol}${cipher === undefined ? "" : ` with ${cipher}`}${resumes}.`,
    ...closeNotifySentence(tls.endings),
  ];
}

function closeNotifySentence({ closeNotify, bareFin }: { closeNotify: number; bareFin: number }): string[] {
  if (closeNotify + bareFin === 0) return [];
  if (bareFin === 0) return ["It says close_notify before it closes."];
  const some = closeNotify === 0 ? "" : ` (${bareFin} of ${closeNotify + bareFin} times)`;
  return [`It closes without close_notify${some}, against RFC 8446 §6.1: only a length tells a cut body.`];
}

const FIRST = {
  client: "closes first",
  server: "meets closed connections",
  race: "races with the server",
} as const;

function raceLines(report: ProbeReport): string[] {
  const all = races(report);
  if (all.length === 0) return [];
  const lines = (["client", "race", "server"] as const).flatMap((first) => {
    const names = all.filter((race) => race.first === first).map(({ client }) => client);
    return names.length === 0 ? [] : [`${FIRST[first].padEnd(25)}${names.join(", ")}`];
  });
  return ["Against the client presets:", ...lines, ""];
}
