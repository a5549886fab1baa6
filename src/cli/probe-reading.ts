/** Probe reading: what a report means: whether announcements are true, which preset it resembles, who is first to close. */

import { formatMs } from "../contract/duration.ts";
import { resolveOptions } from "../options/resolve.ts";
import type { Finding } from "../probe/findings.ts";
import type { ProbeReport } from "../probe/probe.ts";
import { CLIENTS, SERVERS } from "./catalog.ts";
import { idleMsAfter } from "./idle-comparison.ts";

/** Times within this part of one another, or this many ms, are the same limit. */
const SAME_PART = 0.1;
const SAME_MS = 1000;

/** Whether two times show the same limit. */
export function isSameTime(a: number, b: number): boolean {
  if (a === b) return true;
  return Math.abs(a - b) < Math.max(SAME_MS, SAME_PART * Math.max(a, b));
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
      ? [`${text}, and keeps idle connections longer: ${formatMs(atLeast)} and more.`]
      : [];
  if (isSameTime(said, value)) return [`${text}, which is true.`];
  return value < said
    ? [`${text}, and closes earlier, after ${formatMs(Math.round(value))}: do not rely on it.`]
    : [`${text}, and keeps connections longer, for ${formatMs(Math.round(value))}.`];
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

/** The server preset that does most nearly the same, if one has the same idle limit. */
export function resemblance({ idle, requests, announced }: ProbeReport): Resemblance | undefined {
  if (idle.value === undefined) return undefined;
  const idleMs = idle.value;
  const near = Object.entries(SERVERS)
    .map(([name, make]) => ({ name, rules: resolveOptions(make()).rules }))
    .filter(({ rules }) => isSameTime(rules.idleTimeoutMs, idleMs))
    .map(({ name, rules }) => ({
      name,
      differences: differencesOf(rules.maxRequests, requests, announced.max),
    }))
    .sort((a, b) => a.differences.length - b.differences.length);
  return near[0];
}

function differencesOf(preset: number, { value, atLeast }: Finding, announced: number | undefined): string[] {
  const found = value ?? announced;
  if (found !== undefined && found !== preset && found !== preset - 1)
    return [`${found} requests on a connection instead of ${preset === Infinity ? "any number" : preset}`];
  return value === undefined && atLeast > preset ? [`more than ${preset} requests on a connection`] : [];
}

/** Who is first to close an idle connection, for one client. */
export interface Race {
  readonly client: string;
  readonly clientMs: number;
  readonly first: "client" | "server" | "race";
}

/** The idle race of every client preset against the limit that was found. */
export function races({ idle }: ProbeReport, keepAlive: string | undefined): Race[] {
  const serverMs = idle.value;
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

/** The options of a pool that stays below what was found, as code. */
export function advisedOptions({ idle, requests, lifetime }: ProbeReport): string {
  const options = [
    ...(idle.value === undefined ? [] : [idleOption(idle.between?.[0] ?? idle.value)]),
    ...(requests.value === undefined ? [] : [`maxRequests: ${requests.value}`]),
    ...(lifetime.value === undefined ? [] : [`maxLifetime: "${seconds(lifetime.value * (1 - SAME_PART))}"`]),
  ];
  return options.length === 0 ? "createPool()" : `createPool({ ${options.join(", ")} })`;
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
