/** Explain: every rule in force for an origin, and where it came from; and how long each connection is kept. */

import { formatMs } from "../duration.ts";
import type { Rules } from "../rules/rules.ts";
import { hintedIdleMs, hintMarginMs, keepUntil, spentReason } from "../rules/verdict.ts";
import type { Settings } from "../settings.ts";
import type { Floor } from "./floor.ts";
import type { ConnectionRecord } from "./records.ts";
import type { State } from "./state.ts";

/** One rule and its source. */
export interface ExplainedRule {
  /** The option's name, or what was announced or learned. */
  readonly rule: string;
  /** For people: `"55s"`, `"off"`, `"lifo"`. */
  readonly value: string;
  readonly source: "option" | "default" | "server hint" | "learned";
}

/** How one connection stands with the rules. */
export interface ExplainedConnection {
  readonly id: number;
  readonly state: State;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly requests: number;
  /** Ms until a rule would retire it if it stayed idle; 0 when it is spent. */
  readonly keepMs: number;
  /** What the server announced on it, less the margin, in ms; `Infinity` when nothing. */
  readonly hintedIdleMs: number;
  readonly remainingRequests: number | undefined;
}

/** Answer of {@linkcode Pool.explain}. */
export interface Explanation {
  readonly origin: string;
  readonly rules: readonly ExplainedRule[];
  readonly connections: readonly ExplainedConnection[];
}

type Described = { readonly [K in keyof Rules]?: string };

/** Explains the rules for one origin at `now`. */
export function explain(
  origin: string,
  settings: Settings,
  floor: Floor<unknown, unknown> | undefined,
  now: number,
): Explanation {
  const entry = floor?.find(origin);
  const connections = [...(entry?.connections ?? [])];
  const explained = connections.map((connection) => explainConnection(connection, settings.rules, now));
  return {
    origin,
    rules: [
      ...ownRules(settings),
      ...announced(connections, settings.rules),
      ...learned(entry?.learnedIdleMs ?? Infinity),
    ],
    connections: explained,
  };
}

const TIMES: Described = {
  idleTimeoutMs: "idleTimeout",
  maxLifetimeMs: "maxLifetime",
  unsafeReuseMs: "unsafeReuse",
};

const COUNTS: Described = {
  maxRequests: "maxRequests",
  maxConnections: "maxConnections",
  maxConnectionsPerOrigin: "maxConnectionsPerOrigin",
  maxIdle: "maxIdle",
  maxIdlePerOrigin: "maxIdlePerOrigin",
  maxQueue: "maxQueue",
  lifetimeJitter: "lifetimeJitter",
  reuseOrder: "reuseOrder",
};

const DEADLINES = [
  "acquireTimeout",
  "connectTimeout",
  "headersTimeout",
  "bodyIdleTimeout",
  "requestTimeout",
] as const;

function ownRules(settings: Settings): ExplainedRule[] {
  const { rules, chosen, tcpKeepAlive, hints } = settings;
  const source = (option: string) => (chosen.has(option) ? "option" : "default");
  const rule = (option: string, value: string): ExplainedRule => ({
    rule: option,
    value,
    source: source(option),
  });
  const entries = <T extends Described>(described: T) => Object.entries(described) as [keyof Rules, string][];
  return [
    ...entries(TIMES).map(([key, option]) => rule(option, formatMs(Number(rules[key])))),
    ...entries(COUNTS).map(([key, option]) =>
      rule(option, rules[key] === Infinity ? "off" : String(rules[key])),
    ),
    rule("serverHints", typeof hints === "function" ? "a function" : hints),
    rule(
      "hintMargin",
      rules.hintMarginMs === undefined ? "larger of 1s and 2 round trips" : formatMs(rules.hintMarginMs),
    ),
    ...DEADLINES.map((option) => rule(option, formatMs(settings[`${option}Ms`]))),
    rule("tcpKeepAlive", tcpKeepAlive === false ? "off" : JSON.stringify(tcpKeepAlive)),
  ];
}

/** What the server last announced: the hints of the connection that became idle last. */
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

/** What was learned of the origin: it outlives the connections by which it was. */
function learned(idleMs: number): ExplainedRule[] {
  return idleMs === Infinity ? [] : [{ rule: "idle limit", value: formatMs(idleMs), source: "learned" }];
}

function explainConnection(
  connection: ConnectionRecord<unknown, unknown>,
  rules: Rules,
  now: number,
): ExplainedConnection {
  const { id, state, requests, hints } = connection;
  const idle = state === "idle";
  const spent = spentReason(connection, rules) !== undefined;
  return {
    id,
    state,
    requests,
    ageMs: now - connection.openedAt,
    idleMs: idle ? now - connection.idleSince : 0,
    keepMs: spent
      ? 0
      : Math.max(0, keepUntil(idle ? connection : { ...facts(connection), idleSince: now }, rules) - now),
    hintedIdleMs: hintedIdleMs(connection, rules),
    remainingRequests: hints.remaining,
  };
}

function facts(connection: ConnectionRecord<unknown, unknown>) {
  const { openedAt, expiresAt, requests, hints, roundTripMs, learnedIdleMs, workedIdleMs } = connection;
  return { openedAt, expiresAt, requests, hints, roundTripMs, learnedIdleMs, workedIdleMs };
}
