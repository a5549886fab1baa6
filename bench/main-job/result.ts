/** Result: the data behind the table, the verdicts and the JSON. */

import type { Client, ClientName } from "./clients.ts";
import type { Seen } from "./origins/ledger.ts";
import type { RunResult, Target } from "./run.ts";
import type { Tally } from "./tally.ts";
import type { PoolView } from "./watch.ts";

/** One client at one origin. */
export interface Figures extends Tally {
  /** Counted by our servers, otherwise reported by the client; `undefined` if unknown. */
  readonly connections: number | undefined;
  /** The share of requests that needed no connection of their own, in percent. */
  readonly reusePercent: number | undefined;
  /** POSTs that the server received more than once; `undefined` if unknown. */
  readonly duplicatedPosts: number | undefined;
  /** Other requests that it received more than once, which does no harm. */
  readonly repeatedOthers: number | undefined;
  /** Holdfast only. */
  readonly pool: PoolView | undefined;
}

export interface OriginResult {
  readonly name: string;
  readonly about: string;
  readonly origin: string;
  readonly clients: Readonly<Partial<Record<ClientName, Figures>>>;
}

export interface JobResult {
  readonly runtime: string;
  readonly interrupted: boolean;
  readonly elapsedMs: number;
  /** For people: what is missing or was cut short. */
  readonly notes: readonly string[];
  readonly origins: readonly OriginResult[];
}

/** What one client did, and what the servers saw of it. */
export interface ClientRun extends RunResult {
  readonly client: Client;
  /** `undefined` for servers that are not ours. */
  readonly seen: ((origin: string) => Seen) | undefined;
}

export function originResult(target: Target, runs: readonly ClientRun[]): OriginResult {
  const { name, about, origin } = target;
  const clients = runs.map((run) => [run.client.name, figures(target, run)] as const);
  return { name, about, origin, clients: Object.fromEntries(clients) };
}

function figures({ name, origin }: Target, { client, tallies, seen }: ClientRun): Figures {
  const tally = tallies.get(name) as Tally;
  const server = seen?.(name);
  const connections = server?.connections ?? client.opened(origin);
  const repeated = server?.repeated;
  return {
    ...tally,
    connections,
    reusePercent: reusePercent(tally.requests, connections),
    duplicatedPosts: repeated === undefined ? undefined : (repeated.POST ?? 0),
    repeatedOthers: repeated === undefined ? undefined : others(repeated),
    pool: client.view(origin),
  };
}

/**
 * Limited to 0 to 100: unused connections must not make it negative, and an unreachable server must not make it 100.
 */
export function reusePercent(requests: number, connections: number | undefined): number | undefined {
  if (connections === undefined || connections === 0 || requests === 0) return undefined;
  return Math.max(0, 100 * (1 - connections / requests));
}

function others(repeated: Readonly<Record<string, number>>): number {
  return Object.entries(repeated).reduce((sum, [method, times]) => sum + (method === "POST" ? 0 : times), 0);
}

/** The sums over all origins for one client. */
export interface Totals {
  readonly requests: number;
  readonly failures: number;
  readonly wrongAnswers: number;
  readonly retries: number;
  readonly connections: number | undefined;
  readonly duplicatedPosts: number | undefined;
  readonly causes: readonly Readonly<Record<string, number>>[];
}

export function totalsOf(origins: readonly OriginResult[], name: ClientName): Totals | undefined {
  const all = origins.flatMap(({ clients }) => clients[name] ?? []);
  if (all.length === 0) return undefined;
  const sum = (value: (figures: Figures) => number): number =>
    all.reduce((total, each) => total + value(each), 0);
  const known = (value: (figures: Figures) => number | undefined): number | undefined =>
    all.some((each) => value(each) === undefined) ? undefined : sum((each) => value(each) ?? 0);
  return {
    requests: sum(({ requests }) => requests),
    failures: sum(({ failures }) => failures),
    wrongAnswers: sum(({ wrongAnswers }) => wrongAnswers),
    retries: sum(({ pool }) => pool?.retries ?? 0),
    connections: known(({ connections }) => connections),
    duplicatedPosts: known(({ duplicatedPosts }) => duplicatedPosts),
    causes: all.map(({ causes }) => causes),
  };
}
