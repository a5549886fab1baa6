/** Result: what the table, the verdicts and the JSON are made from. */

import type { Client, ClientName } from "./clients.ts";
import type { Seen } from "./origins/ledger.ts";
import type { RunResult, Target } from "./run.ts";
import type { Tally } from "./tally.ts";
import type { PoolView } from "./watch.ts";

/** One client at one origin. */
export interface Figures extends Tally {
  /** As counted by the server where it is ours, else by the client; `undefined` if nobody knows. */
  readonly connections: number | undefined;
  /** Share of requests that needed no connection of their own, in percent. */
  readonly reusePercent: number | undefined;
  /** POSTs that the server took more than once; `undefined` if it does not tell. */
  readonly duplicatedPosts: number | undefined;
  /** Other requests it took more than once, which does no harm. */
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
  /** For people: what is missing, what was cut short. */
  readonly notes: readonly string[];
  readonly origins: readonly OriginResult[];
}

/** What one client did, and what the servers saw of it. */
export interface ClientRun extends RunResult {
  readonly client: Client;
  /** `undefined` where the servers are not ours. */
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

/** Unused connections must not make it less than nothing, nor a server that cannot be reached make it full. */
export function reusePercent(requests: number, connections: number | undefined): number | undefined {
  if (connections === undefined || connections === 0 || requests === 0) return undefined;
  return Math.max(0, 100 * (1 - connections / requests));
}

function others(repeated: Readonly<Record<string, number>>): number {
  return Object.entries(repeated).reduce((sum, [method, times]) => sum + (method === "POST" ? 0 : times), 0);
}

/** All origins of one client together. */
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
