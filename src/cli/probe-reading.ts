/** Probe reading: what a report means: whether announcements are true, which preset it resembles, who is first to close. */

import { formatMs } from "../contract/duration.ts";
import { resolveOptions } from "../options/resolve.ts";
import type { Finding } from "../probe/findings.ts";
import type { ConnectionLimits, ProbeReport } from "../probe/probe-report.ts";
import { CLIENTS, SERVERS } from "./catalog.ts";
import { announcementOf, idleMsAfter } from "./idle-comparison.ts";

/** Times within this part of one another, or this many ms, are the same limit. */
const SAME_PART = 0.1;
const SAME_MS = 1000;

/** Whether two times show the same limit. */
export function isSameTime(a: number, b: number): boolean {
  if (a === b) return true;
  return Math.abs(a - b) < Math.max(SAME_MS, SAME_PART * Math.max(a, b));
}

/** A time that was measured: to a tenth of a second, or to a second when it is long. */
export function measuredTime(ms: number): string {
  if (ms >= 20_000) return formatMs(Math.round(ms / 1000) * 1000);
  return `${Math.round(ms / 100) / 10}s`;
}

/** What the server does to clients of HTTP/1.1, or of HTTP/2 if it speaks no other. */
export function mainLimits(report: ProbeReport): ConnectionLimits {
  return report.httpVersion === "2" ? (report.http2 ?? report) : report;
}

/** Whether what the server says in `Keep-Alive` is what it does, in sentences. */
export function truthOf({ announced, idle, requests }: ProbeReport): string[] {
  return [...timeoutTruth(announced.timeoutMs, idle), ...maxTruth(announced.max, requests)];
}

function timeoutTruth(said: number | undefined, { value, atLeast }: Finding): string[] {
  if (said === undefined) return [];
  const text = `It announces timeout=${said / 1000}`;
  if (value === undefined)
    return atLeast > said + SAME_MS
      ? [`${text}, and keeps idle connections longer: ${measuredTime(atLeast)} and more.`]
      : [];
  if (isSameTime(said, value)) return [`${text}, which is true.`];
  return value < said
    ? [`${text}, and closes earlier, after ${measuredTime(value)}: do not rely on it.`]
    : [`${text}, and keeps connections longer, for ${measuredTime(value)}.`];
}

function maxTruth(said: number | undefined, { value }: Finding): string[] {
  if (said === undefined || value === undefined) return [];
  // Apache counts down, so its first answer has one less than the limit.
  return said === value || said === value - 1
    ? [`It announces max=${said}, which is true.`]
    : [`It announces max=${said}, and ends a connection after ${value} requests.`];
}

/** A server preset beside what was found. */
export interface Resemblance {
  readonly name: string;
  readonly differences: readonly string[];
}

/** What a preset does, beside what was found: in what they agree, and in what not. */
interface Likeness extends Resemblance {
  readonly agreements: number;
  /** How far apart the idle limits are, as a factor. */
  readonly distance: number;
}

/**
 * The server preset that does most nearly the same: the most that was found agrees with it, and the least differs. `undefined` if
 * none agrees in a limit, in what is announced, or in the name that the server gives itself.
 */
export function resemblance(report: ProbeReport): Resemblance | undefined {
  const [best] = Object.keys(SERVERS)
    .map((name) => likeness(name, report))
    .filter(({ agreements }) => agreements > 0)
    .sort(byLikeness);
  return best === undefined ? undefined : { name: best.name, differences: best.differences };
}

function byLikeness(a: Likeness, b: Likeness): number {
  const [agreements, differences] = [
    b.agreements - a.agreements,
    a.differences.length - b.differences.length,
  ];
  return agreements || differences || a.distance - b.distance;
}

/** How servers call themselves in `Server`, where it is not the preset's name. */
const CALLED: Readonly<Record<string, string>> = { httpd: "apache", tomcat: "coyote" };

function likeness(name: string, report: ProbeReport): Likeness {
  const preset = SERVERS[name]?.() ?? {};
  const { idleTimeoutMs, maxRequests, maxLifetimeMs } = resolveOptions(preset).rules;
  const limits = mainLimits(report);
  const compared = [
    comparedTime("idle connections", limits.idle, idleTimeoutMs),
    comparedRequests(maxRequests, limits.requests, report.announced.max),
    comparedTime("connections in use", limits.lifetime, maxLifetimeMs),
    comparedHint(name, report),
  ];
  const isNamed = report.server?.toLowerCase().includes(CALLED[name] ?? name) === true;
  return {
    name,
    agreements: compared.filter((found) => found === "same").length + (isNamed ? 1 : 0),
    differences: compared.flatMap((found) => (found === "same" || found === undefined ? [] : [found])),
    distance: Math.abs(Math.log((limits.idle.value ?? limits.idle.atLeast) / Math.min(idleTimeoutMs, 1e9))),
  };
}

/** `"same"`, or in what they differ; `undefined`: nothing was found that speaks for or against it. */
type Compared = "same" | string | undefined;

function comparedTime(what: string, { value, atLeast }: Finding, preset: number): Compared {
  const instead = preset === Infinity ? "any time" : formatMs(preset);
  if (value !== undefined) {
    if (isSameTime(value, preset)) return "same";
    return `${what} are kept for ${measuredTime(value)} instead of ${instead}`;
  }
  if (atLeast <= preset || isSameTime(atLeast, preset)) return undefined;
  return `${what} are kept for more than ${measuredTime(atLeast)} instead of ${instead}`;
}

function comparedRequests(
  preset: number,
  { value, atLeast }: Finding,
  announced: number | undefined,
): Compared {
  const found = value ?? announced;
  if (found !== undefined && (found === preset || found === preset - 1)) return "same";
  if (found !== undefined)
    return `${found} requests on a connection instead of ${preset === Infinity ? "any number" : preset}`;
  return atLeast > preset ? `more than ${preset} requests on a connection` : undefined;
}

/** `Keep-Alive` is announced by some and not by others. */
function comparedHint(name: string, { announced, httpVersion }: ProbeReport): Compared {
  const make = SERVERS[name];
  if (make === undefined || httpVersion === "2") return undefined;
  const expects = announcementOf(make()).keepAlive !== undefined;
  const announces = announced.timeoutMs !== undefined || announced.max !== undefined;
  if (expects === announces) return announces ? "same" : undefined;
  return announces ? "it announces Keep-Alive" : "it does not announce Keep-Alive";
}

/** Who is first to close an idle connection, for one client. */
export interface Race {
  readonly client: string;
  readonly clientMs: number;
  readonly first: "client" | "server" | "race";
}

/** The idle race of every client preset against the limit that was found. */
export function races(report: ProbeReport): Race[] {
  const { timeoutMs } = report.announced;
  const keepAlive = timeoutMs === undefined ? undefined : `timeout=${timeoutMs / 1000}`;
  const serverMs = mainLimits(report).idle.value;
  if (serverMs === undefined) return [];
  return Object.entries(CLIENTS).map(([client, make]) => {
    const clientMs = idleMsAfter(make(), keepAlive);
    return { client, clientMs, first: firstToClose(clientMs, serverMs) };
  });
}

/** Times that differ by less than this are a race, as in `explain --against`. */
const RACE_MS = 1000;

function firstToClose(clientMs: number, serverMs: number): Race["first"] {
  if (clientMs > 0 && Math.abs(clientMs - serverMs) < RACE_MS) return "race";
  return clientMs < serverMs ? "client" : "server";
}

/** The options of a pool that stays below what was found over both protocols, as code. */
export function advisedOptions(report: ProbeReport): string {
  const { http2 } = report;
  const idleMs = least(report, ({ idle }) => idle.between?.[0] ?? idle.value);
  const lifetimeMs = least(report, ({ lifetime }) => lifetime.value);
  const { requests, refusesPings } = {
    requests: least(report, (limits) => limits.requests.value),
    refusesPings: http2?.ping.refusal !== undefined,
  };
  const options = [
    ...(idleMs === undefined ? [] : [idleOption(idleMs)]),
    ...(requests === undefined ? [] : [`maxRequests: ${requests}`]),
    ...(lifetimeMs === undefined ? [] : [`maxLifetime: "${seconds(lifetimeMs * (1 - SAME_PART))}"`]),
    ...(refusesPings ? ["ping: false"] : []),
  ];
  return options.length === 0 ? "createPool()" : `createPool({ ${options.join(", ")} })`;
}

function least(
  report: ProbeReport,
  of: (limits: ConnectionLimits) => number | undefined,
): number | undefined {
  const { http2 } = report;
  const values = [of(report), http2 === undefined ? undefined : of(http2)];
  const found = values.filter((value) => value !== undefined);
  return found.length === 0 ? undefined : Math.min(...found);
}

/** The rules of a server that keeps connections as this one does, as code. */
export function advisedRules(report: ProbeReport): string {
  const { idle, requests, lifetime } = mainLimits(report);
  const rules = [
    ...(idle.value === undefined ? [] : [`idleTimeout: "${nearestTime(idle.value)}"`]),
    ...(requests.value === undefined ? [] : [`maxRequests: ${requests.value}`]),
    ...(lifetime.value === undefined ? [] : [`maxLifetime: "${nearestTime(lifetime.value)}"`]),
  ];
  return rules.length === 0 ? "keepAlive()" : `keepAlive({ ${rules.join(", ")} })`;
}

/** A limit of 5 s is measured as 4.99 s now and then. */
const ROUNDING_MS = 100;

/** A second less than the server, as `explain --against` recommends. */
function idleOption(ms: number): string {
  return ms < 1900 ? "maxIdlePerOrigin: 0" : `idleTimeout: "${seconds(ms - 1000 + ROUNDING_MS)}"`;
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.floor(ms / 1000))}s`;
}

function nearestTime(ms: number): string {
  return ms < SAME_MS ? `${Math.round(ms)}ms` : formatMs(Math.round(ms / 1000) * 1000);
}
