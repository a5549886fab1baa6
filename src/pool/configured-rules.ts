/** Configured rules: each rule that the options set, with its value and its source, for people. */

import { formatMs } from "../contract/duration.ts";
import type { Capabilities, Transport } from "../contract/transport.ts";
import type { Settings } from "../options/resolve.ts";

/** One rule and its source. */
export interface ExplainedRule {
  /** The option's name, or what was announced or learned. */
  readonly rule: string;
  /** For people: `"55s"`, `"off"`, `"lifo"`. */
  readonly value: string;
  /** `"origin"`: an entry of `origins`. `"preset"`: an option that came with a preset and was not overridden. */
  readonly source: "option" | "origin" | "preset" | "default" | "server hint" | "learned";
  /** The entry of `origins` that it is from: `"https://*.example.com"`, or `"a function"`. */
  readonly entry?: string | undefined;
}

/** What the runtime can do and show. */
export type Runtime = Pick<Transport, "can" | "localAddresses">;

/** Every rule that the options set, in the order of the documentation. `runtime`: once it is known. */
export function configuredRules(settings: Settings, runtime?: Runtime): ExplainedRule[] {
  return [
    ...keeping(settings),
    ...counting(settings),
    ...deadlines(settings),
    ...handling(settings, runtime),
  ].map(([rule, value]) => ({ rule, value, ...sourceOf(rule, settings) }));
}

function sourceOf(
  option: string,
  { chosen, fromPreset, fromEntry }: Settings,
): Pick<ExplainedRule, "source" | "entry"> {
  const entry = fromEntry.get(option);
  const from = entry === undefined ? undefined : { entry };
  if (fromPreset.has(option)) return { source: "preset", ...from };
  if (entry !== undefined) return { source: "origin", entry };
  return { source: chosen.has(option) ? "option" : "default" };
}

type Described = readonly [option: string, value: string];

function keeping({ rules, hints, persistence }: Settings): Described[] {
  const { hintMarginMs } = rules;
  return [
    ["idleTimeout", formatMs(rules.idleTimeoutMs)],
    ["unusedIdleTimeout", formatMs(rules.unusedIdleTimeoutMs)],
    ["maxRequests", limit(rules.maxRequests)],
    ["maxLifetime", formatMs(rules.maxLifetimeMs)],
    ["lifetimeJitter", String(rules.lifetimeJitter)],
    ["serverHints", named(hints)],
    ["hintMargin", hintMarginMs === undefined ? "larger of 1s and 2 round trips" : formatMs(hintMarginMs)],
    ["persistence", named(persistence ?? "standard")],
    ["learn", onOff(rules.learn)],
  ];
}

function counting({ rules }: Settings): Described[] {
  const { evictPerOrigin, evictInAll } = rules;
  return [
    ["maxConnections", limit(rules.maxConnections)],
    ["maxConnectionsPerOrigin", limit(rules.maxConnectionsPerOrigin)],
    ["maxIdle", limit(rules.maxIdle)],
    ["maxIdlePerOrigin", limit(rules.maxIdlePerOrigin)],
    [
      "minIdle",
      rules.minIdle === 0 ? "off" : `${rules.minIdle}, for ${formatMs(rules.minIdleForMs)} after a request`,
    ],
    ["maxQueue", limit(rules.maxQueue)],
    ["reuseOrder", rules.reuseOrder],
    [
      "evictIdle",
      evictPerOrigin === evictInAll ? evictInAll : `${evictPerOrigin} per origin, ${evictInAll} in all`,
    ],
  ];
}

const DEADLINES = [
  "acquireTimeout",
  "connectTimeout",
  "headersTimeout",
  "bodyIdleTimeout",
  "requestTimeout",
] as const;

function deadlines(settings: Settings): Described[] {
  return DEADLINES.map((option) => [option, formatMs(settings[`${option}Ms`])]);
}

function handling(settings: Settings, runtime: Runtime | undefined): Described[] {
  const { rules, retry, doubt, tcpKeepAlive, dnsRefreshMs, http2, maxStreams, ping, proxy } = settings;
  return [
    ["retry", typeof retry === "function" ? named(retry) : onOff(retry)],
    ["doubt", doubt === false || retry === false ? "off" : doubts(doubt)],
    ["unsafeReuse", rules.unsafeReuseMs === Infinity ? "any age" : formatMs(rules.unsafeReuseMs)],
    ["tcpKeepAlive", tcpKeepAlive === false ? "off" : probes(tcpKeepAlive) + honoured(runtime?.can)],
    ["moved", moves(runtime)],
    ["spread", rules.spread],
    ["dnsRefresh", formatMs(dnsRefreshMs)],
    ["http2", http2 === false ? "off" : http2],
    ["maxStreams", limit(maxStreams)],
    ["ping", ping === undefined ? "off" : pings(ping)],
    ["proxy", typeof proxy === "object" ? proxy.shown : proxy || "off"],
  ];
}

function doubts({ afterMs }: Exclude<Settings["doubt"], false>): string {
  return afterMs === undefined ? "by the origin's own times" : `after ${formatMs(afterMs)}`;
}

/** Whether a change of the local address is seen. */
function moves(runtime: Runtime | undefined): string {
  if (runtime === undefined) return "on, where the runtime shows local addresses";
  return runtime.localAddresses === undefined
    ? "off (this runtime shows no local addresses, or none without permission; see doubt)"
    : "on";
}

function pings({ intervalMs, timeoutMs, whileIdle }: NonNullable<Settings["ping"]>): string {
  const when = whileIdle ? ", idle or not" : "";
  return `after ${formatMs(intervalMs)}, awaited for ${formatMs(timeoutMs)}${when}`;
}

function probes({ idleMs, intervalMs, probes: count }: Exclude<Settings["tcpKeepAlive"], false>): string {
  const parts = [
    idleMs === undefined ? "on" : `after ${formatMs(idleMs)}`,
    intervalMs === undefined ? "" : `every ${formatMs(intervalMs)}`,
    count === undefined ? "" : `${count} probes`,
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** How much of the probes reaches the kernel. */
function honoured(can: Capabilities | undefined): string {
  switch (can?.tcpKeepAlive) {
    case "none":
      return " (this runtime sends none)";
    case "toggle":
      return " (this runtime: on, but at the system's own times, which on Linux is after 2 h)";
    case "idle":
      return " (this runtime: the first one only, then the system's own)";
    default:
      return "";
  }
}

function limit(count: number): string {
  return count === Infinity ? "off" : String(count);
}

function onOff(flag: boolean): string {
  return flag ? "on" : "off";
}

function named(value: unknown): string {
  return typeof value === "function" ? "a function" : String(value);
}
