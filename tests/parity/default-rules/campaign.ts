/**
 * Runs Holdfast with default rules against one real server, with pauses around the server's idle limit. No request may
 * fail. If the server announces no limit, or its announcements are ignored, the limit must be learned.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { createPool, type LimitLearned, type Pool, type PoolOptions } from "../../../mod.ts";
import { Prng } from "../../support/prng.ts";

/** The servers' idle limit. As with real servers, it is above the 2 s for which a POST trusts an unknown server. */
export const LIMIT_MS = 3000;

/** Pauses, as shares of the limit. */
const SHORTEST_PAUSE = 0.4;
const LONGEST_PAUSE = 1.3;

/** POSTs of ten requests. They are never resent, so a stale connection makes one fail. */
const POSTS = 3;

/** Number of pools with one request at a time, whose idle age is the pause, and parallel requests of the last pool. */
const LONE_POOLS = 5;
const LANES = 4;

export interface Campaign {
  readonly requests: number;
  readonly failures: number;
  /** Stale connections met by repeatable requests. */
  readonly retries: number;
  readonly connections: number;
  /** Median of the learned limits in ms, weighted by the time for which each was valid. */
  readonly learnedMs: number | undefined;
  /** Share of that time during which the learned limit was above the true one. */
  readonly above: number;
  readonly errors: readonly string[];
}

export interface Plan {
  readonly port: number;
  readonly ms: number;
  readonly seed: number;
  /** Whether `Keep-Alive` is honoured, as it is by default. */
  readonly hints: boolean;
}

export async function campaign(plan: Plan): Promise<Campaign> {
  const widths = [...Array.from({ length: LONE_POOLS }, () => 1), LANES];
  const visits = await Promise.all(widths.map((lanes, at) => visit(plan, lanes, plan.seed + at)));
  const total = (of: (visit: Visit) => number): number => visits.reduce((sum, visit) => sum + of(visit), 0);
  return {
    requests: total(({ requests }) => requests),
    failures: total(({ errors }) => errors.length),
    retries: total(({ retries }) => retries),
    connections: total(({ opened }) => opened),
    errors: visits.flatMap(({ errors }) => errors),
    ...learnedIn(visits.flatMap(({ stood }) => stood)),
  };
}

interface Visit {
  readonly requests: number;
  readonly retries: number;
  readonly opened: number;
  readonly errors: readonly string[];
  readonly stood: readonly Stood[];
}

/** A learned limit, and for how long it was valid. */
interface Stood {
  readonly limitMs: number;
  readonly ms: number;
}

async function visit({ port, ms, hints }: Plan, lanes: number, seed: number): Promise<Visit> {
  const watch = new LimitWatch();
  const options: PoolOptions = hints ? {} : { serverHints: "ignore" };
  await using pool = createPool({
    ...options,
    onEvent: (event) => event.type === "limit.learned" && watch.saw(event),
  });
  const errors: string[] = [];
  const until = performance.now() + ms;
  const work = Array.from({ length: lanes }, (_, at) =>
    lane(pool, `http://127.0.0.1:${port}/`, new Prng(seed * LANES + at), until, errors),
  );
  const requests = (await Promise.all(work)).reduce((sum, count) => sum + count, 0);
  const { retries, opened } = pool.stats();
  return { requests, retries, opened, errors, stood: watch.end() };
}

/** Sends one request after the other, with pauses. Returns their number. */
async function lane(pool: Pool, url: string, random: Prng, until: number, errors: string[]): Promise<number> {
  let requests = 0;
  while (performance.now() < until) {
    const method = random.below(10) < POSTS ? "POST" : "GET";
    requests += 1;
    await pool.request(url, { method }).then(
      (response) => response.bytes(),
      (error) => errors.push(`${method}: ${error}`),
    );
    await sleep(LIMIT_MS * (SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * random.next()));
  }
  return requests;
}

/** Measures for how long each learned limit was valid. */
class LimitWatch {
  readonly #stood: Stood[] = [];
  #limitMs = Infinity;
  #since = performance.now();

  saw({ idleMs }: LimitLearned): void {
    const now = performance.now();
    if (this.#limitMs < Infinity) this.#stood.push({ limitMs: this.#limitMs, ms: now - this.#since });
    this.#limitMs = idleMs;
    this.#since = now;
  }

  end(): readonly Stood[] {
    if (this.#limitMs < Infinity)
      this.#stood.push({ limitMs: this.#limitMs, ms: performance.now() - this.#since });
    return this.#stood;
  }
}

function learnedIn(stood: readonly Stood[]): Pick<Campaign, "learnedMs" | "above"> {
  const allMs = stood.reduce((sum, { ms }) => sum + ms, 0);
  const aboveMs = stood.filter(({ limitMs }) => limitMs > LIMIT_MS).reduce((sum, { ms }) => sum + ms, 0);
  let passedMs = 0;
  const middle = [...stood]
    .sort((a, b) => a.limitMs - b.limitMs)
    .find(({ ms }) => {
      passedMs += ms;
      return passedMs >= allMs / 2;
    });
  return { learnedMs: middle?.limitMs, above: allMs === 0 ? 0 : aboveMs / allMs };
}
