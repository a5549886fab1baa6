/** Explain: every rule in force for an origin with its source, and how long each of its connections is kept. */

import { formatMs } from "../contract/duration.ts";
import type { WireProtocol } from "../contract/wire-protocol.ts";
import type { Settings } from "../options/resolve.ts";
import type { PresetInfo } from "../rules/preset-info.ts";
import type { Rules } from "../rules/rules.ts";
import { hintedIdleMs, hintMarginMs, keepUntil, spentReason } from "../rules/verdict.ts";
import { configuredRules, type ExplainedRule, type Runtime } from "./configured-rules.ts";
import type { OriginTable } from "./core/origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./core/records.ts";
import type { State } from "./core/state.ts";

/** One connection as the rules see it. */
export interface ExplainedConnection {
  /** Unique within the pool. */
  readonly id: number;
  /** What it is doing. */
  readonly state: State;
  /** Ms since it was opened. */
  readonly ageMs: number;
  /** Ms since its last exchange; 0 unless it is idle. */
  readonly idleMs: number;
  /** What it speaks; `undefined` while it is being opened. */
  readonly protocol: WireProtocol | undefined;
  /** Requests that it carries now. */
  readonly streams: number;
  /** How many it may carry at a time: 1 over HTTP/1.1. */
  readonly maxStreams: number;
  /** Requests it has carried, running ones included. */
  readonly requests: number;
  /** Ms until a rule would retire it if it stayed idle; 0 when it is spent. */
  readonly keepMs: number;
  /** The idle limit that the server announced on this connection, less the margin, in ms; `Infinity` if none. */
  readonly hintedIdleMs: number;
  /** Requests it may still carry; `undefined` without a limit. */
  readonly remainingRequests: number | undefined;
}

/** The answer of {@linkcode Pool.explain}. */
export interface Explanation {
  /** `"https://api.example.com"`; with a shared proxy connection, that of the proxy. */
  readonly origin: string;
  /** The preset that was spread into the pool's options, if one was. */
  readonly preset?: PresetInfo | undefined;
  /** Every rule in force, with its value and its source. */
  readonly rules: readonly ExplainedRule[];
  /** Its connections, those being opened included. */
  readonly connections: readonly ExplainedConnection[];
}

/** Explains the rules for one origin at `now`. */
export function explain(
  origin: string,
  settings: Settings,
  origins: OriginTable<unknown, unknown> | undefined,
  now: number,
  runtime?: Runtime,
): Explanation {
  const entry = origins?.find(origin);
  const connections = [...(entry?.connections ?? [])];
  const explained = connections.map((connection) => explainConnection(connection, settings.rules, now));
  return {
    origin,
    preset: settings.preset,
    rules: [
      ...configuredRules(settings, runtime),
      ...announced(connections, settings.rules),
      ...learned(entry),
    ],
    connections: explained,
  };
}

/** What the server announced last: the hints of the connection that became idle last. */
function announced(
  connections: readonly ConnectionRecord<unknown, unknown>[],
  rules: Rules,
): ExplainedRule[] {
  const last = connections.reduce<ConnectionRecord<unknown, unknown> | undefined>(
    (latest, each) => (latest === undefined || each.idleSince > latest.idleSince ? each : latest),
    undefined,
  );
  if (last === undefined) return [];
  const { hints } = last;
  const found: ExplainedRule[] = [];
  if (hints.timeoutMs !== undefined) {
    const kept = `${formatMs(hints.timeoutMs)} less ${formatMs(hintMarginMs(last, rules))}`;
    found.push({ rule: "idle limit", value: kept, source: "server hint" });
  }
  if (hints.remaining !== undefined) {
    found.push({ rule: "requests left", value: String(hints.remaining), source: "server hint" });
  }
  return found;
}

/** What was learned about the origin. It outlives the connections it was learned from. */
function learned(entry: OriginRecord<unknown, unknown> | undefined): ExplainedRule[] {
  if (entry === undefined) return [];
  const { learnedIdleMs, learnedRequests, memory, calmed } = entry;
  const found: [rule: string, value: string | false][] = [
    ["protocol", memory.protocol === undefined ? false : protocolName(memory.protocol)],
    ["idle limit", learnedIdleMs !== Infinity && formatMs(learnedIdleMs)],
    ["requests per connection", learnedRequests !== Infinity && String(learnedRequests)],
    ["wishes for calm", calmed > 0 && String(calmed)],
  ];
  return found.flatMap(([rule, value]) => (value === false ? [] : [{ rule, value, source: "learned" }]));
}

function protocolName(protocol: WireProtocol): string {
  return protocol === "h2" ? "HTTP/2" : "HTTP/1.1";
}

function explainConnection(
  connection: ConnectionRecord<unknown, unknown>,
  rules: Rules,
  now: number,
): ExplainedConnection {
  const { id, state, requests, hints, protocol, leases: streams, capacity: maxStreams } = connection;
  const idle = state === "idle";
  const spent = spentReason(connection, rules) !== undefined;
  return {
    id,
    state,
    protocol,
    streams,
    maxStreams,
    requests,
    ageMs: now - connection.openedAt,
    idleMs: idle ? now - connection.idleSince : 0,
    keepMs: spent
      ? 0
      : Math.max(0, keepUntil(idle ? connection : { ...factsOf(connection), idleSince: now }, rules) - now),
    hintedIdleMs: hintedIdleMs(connection, rules),
    remainingRequests: hints.remaining,
  };
}

function factsOf(connection: ConnectionRecord<unknown, unknown>) {
  const { openedAt, expiresAt, requests, hints, roundTripMs } = connection;
  const { learnedIdleMs, workedIdleMs, learnedRequests } = connection;
  const learned = { learnedIdleMs, workedIdleMs, learnedRequests };
  return { openedAt, expiresAt, requests, hints, roundTripMs, ...learned };
}
