/**
 * Balance: what a lifetime and a maximum of requests are for. A balancer chooses a server per connection, so connections that
 * never end keep the load where it was. Only the rules take part, so ten thousand clients are no more than a loop.
 */

import { type Duration, toMs } from "../contract/duration.ts";
import { refuseUnknown, show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { resolveOptions } from "../options/resolve.ts";
import { NO_HINTS, type Rules } from "../rules/rules.ts";
import { expiry, verdict } from "../rules/verdict.ts";
import { Prng } from "./prng.ts";

/** The rules of the clients. */
export type BalancePolicy = Pick<
  PoolOptions,
  "idleTimeout" | "maxLifetime" | "lifetimeJitter" | "maxRequests"
>;

/** Clients, servers and time. */
export interface BalanceOptions {
  /** Clients, each with one connection. @default 1000 */
  readonly clients?: number;
  /** Servers at the beginning. @default 10 */
  readonly replicas?: number;
  /** Servers from `scaleAt` on. @default twice as many */
  readonly scaleTo?: number;
  /** When they are more. @default "30m" */
  readonly scaleAt?: Duration;
  /** How long to look. @default "3h" */
  readonly until?: Duration;
  /** Mean time between two requests of a client. @default "10s" */
  readonly requestEvery?: Duration;
  /** Time between two samples. @default "1m" */
  readonly sampleEvery?: Duration;
  /** The same seed gives the same result. @default 1 */
  readonly seed?: number;
}

/** The load at one time. */
export interface BalanceSample {
  /** Ms since the beginning. */
  readonly atMs: number;
  /** Connections on the busiest server, as a multiple of the mean over all servers. */
  readonly skew: number;
  /** The share of connections on the servers that were added. */
  readonly onNew: number;
  /** Connections that were opened since the last sample: they come in waves without jitter. */
  readonly opened: number;
}

const KNOWN: Readonly<Record<keyof BalanceOptions, true>> = {
  clients: true,
  replicas: true,
  scaleTo: true,
  scaleAt: true,
  until: true,
  requestEvery: true,
  sampleEvery: true,
  seed: true,
};

/** The options as numbers. */
interface Plan {
  readonly clients: number;
  readonly replicas: number;
  readonly scaleTo: number;
  readonly scaleAtMs: number;
  readonly untilMs: number;
  readonly everyMs: number;
  readonly sampleMs: number;
}

/**
 * Spreads clients over servers, adds servers, and tells how the load follows.
 *
 * @throws {TypeError | RangeError} for wrong options.
 */
export function balance(policy: BalancePolicy, options: BalanceOptions = {}): BalanceSample[] {
  refuseUnknown(options, KNOWN, "option of balance()");
  const plan = planOf(options);
  const { rules } = resolveOptions(policy);
  const random = new Prng(options.seed ?? 1);
  const count = Math.floor(plan.untilMs / plan.sampleMs);
  const loads = Array.from({ length: count }, () => new Uint32Array(plan.scaleTo));
  const opened = new Uint32Array(count);
  for (let client = 0; client < plan.clients; client++) live(plan, rules, random, loads, opened);
  return loads.map((load, at) => sampleOf(plan, load, (at + 1) * plan.sampleMs, opened[at] ?? 0));
}

/** One client, from request to request. All begin at the same time, as after a release. */
function live(
  plan: Plan,
  rules: Rules,
  random: Prng,
  loads: readonly Uint32Array[],
  opened: Uint32Array,
): void {
  let server = random.below(plan.replicas);
  let connection = fresh(0, rules, random);
  let sample = 0;
  for (let now = 0; sample < loads.length; now += 2 * plan.everyMs * random.next()) {
    const until = Math.min(loads.length, Math.floor(now / plan.sampleMs));
    for (; sample < until; sample++) count(loads[sample], server);
    if (!verdict(connection, rules, now).keep) {
      server = random.below(now < plan.scaleAtMs ? plan.replicas : plan.scaleTo);
      connection = fresh(now, rules, random);
      count(opened, Math.min(sample, opened.length - 1));
    }
    connection.requests += 1;
    connection.idleSince = now;
  }
}

function count(counts: Uint32Array | undefined, at: number): void {
  if (counts !== undefined) counts[at] = (counts[at] ?? 0) + 1;
}

function fresh(openedAt: number, rules: Rules, random: Prng) {
  const expiresAt = expiry(rules, openedAt, random.next());
  return { openedAt, expiresAt, idleSince: openedAt, requests: 0, hints: NO_HINTS, roundTripMs: 0 };
}

function sampleOf(
  { replicas, scaleTo, scaleAtMs, clients }: Plan,
  load: Uint32Array,
  atMs: number,
  opened: number,
): BalanceSample {
  const servers = atMs < scaleAtMs ? replicas : scaleTo;
  const skew = Math.max(...load) / (clients / servers);
  const onNew = load.subarray(replicas).reduce((sum, one) => sum + one, 0) / clients;
  return { atMs, skew, onNew, opened };
}

function planOf(options: BalanceOptions): Plan {
  const { clients = 1000, replicas = 10, scaleTo = 2 * replicas } = options;
  for (const [name, value] of Object.entries({ clients, replicas, scaleTo }))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`${name} must be a whole number from 1: got ${show(value)}`);
  if (scaleTo < replicas)
    throw new RangeError(`scaleTo must be at least replicas (${replicas}): got ${scaleTo}`);
  const time = (name: "scaleAt" | "until" | "requestEvery" | "sampleEvery", usual: Duration) => {
    const ms = toMs(options[name] ?? usual, name);
    if (!(ms > 0 && ms < Infinity))
      throw new RangeError(`${name} must be above 0 and finite: got ${show(options[name])}`);
    return ms;
  };
  return {
    clients,
    replicas,
    scaleTo,
    scaleAtMs: time("scaleAt", "30m"),
    untilMs: time("until", "3h"),
    everyMs: time("requestEvery", "10s"),
    sampleMs: time("sampleEvery", "1m"),
  };
}
