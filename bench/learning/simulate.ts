/** Simulate: runs one scenario over the transport in memory, in virtual time. Every run is the same. */

import { createPool, type LimitLearned } from "../../mod.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { Prng } from "../../tests/support/prng.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import type { Scenario } from "./scenarios.ts";

export interface Findings {
  readonly requests: number;
  /** Requests that were written on a connection which the server had closed, or a box in between had forgotten. */
  readonly staleHits: number;
  /** Requests that took so long that a user notices: at least {@linkcode STALL_MS}. */
  readonly stalls: number;
  /** Stale hits that were POSTs, which are not resent. */
  readonly failures: number;
  readonly connections: number;
  /** The median of learned limit divided by true limit, over the requests made while something was learned. */
  readonly ratio: number | undefined;
  /** The share of requests made while the learned limit was above the true one. */
  readonly above: number;
  /** The share of requests made while nothing was learned. */
  readonly unknown: number;
}

/** Much more than any answer takes here. */
const STALL_MS = 250;

/** How many of ten requests are POSTs. */
const POSTS = 2;
/** The spread of pauses: two thirds are within a factor of this. */
const SPREAD = 2.2;
/** How much later than on the shortest path something may arrive, as a share. */
const NETWORK_JITTER = 0.3;

export async function simulate(
  scenario: Scenario,
  requests: number,
  learn: boolean,
  seed: number,
): Promise<Findings> {
  const clock = new VirtualClock();
  const random = new Prng(seed);
  const server = new Server(scenario, clock, random);
  const oneWayMs = scenario.roundTripMs / 2;
  const transport = memoryTransport({
    latencyMs: oneWayMs,
    scheduler: { schedule: (ms, then) => clock.schedule(ms * (1 + NETWORK_JITTER * random.next()), then) },
    accept: (peer) => server.accept(peer),
  });
  const limit = new LimitWatch(scenario, clock);
  // Only the learned limit may end idle connections.
  const options = { idleTimeout: "10m", maxLifetime: Infinity, random: () => random.next() } as const;
  const pool = createPool({ ...options, transport, clock, learn, onEvent: limit.listen });
  let left = requests;
  let stalls = 0;
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await clock.sleep(scenario.pauseMs * SPREAD ** normal(random));
      limit.sample();
      const method = random.below(10) < POSTS ? "POST" : "GET";
      const askedAt = clock.now();
      // The pool counts the failures.
      await pool.request("http://server.test/", { method }).then(
        (response) => response.bytes(),
        () => undefined,
      );
      if (clock.now() - askedAt >= STALL_MS) stalls += 1;
    }
  };
  await clock.run(Promise.all(Array.from({ length: scenario.lanes }, lane)));
  const { retries, failures, opened } = pool.stats();
  server.stop();
  await clock.run(pool.close());
  return {
    requests,
    staleHits: retries + failures,
    stalls,
    failures,
    connections: opened,
    ...limit.findings(),
  };
}

/** A server with the habits of the scenario. */
class Server {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #random: Prng;
  readonly #open: Set<MemoryPeer> = new Set();
  #stopped = false;

  constructor(scenario: Scenario, clock: VirtualClock, random: Prng) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#random = random;
    this.#restart();
  }

  stop(): void {
    this.#stopped = true;
  }

  accept(peer: MemoryPeer): void {
    const { requestsPerConnection = Infinity, silent } = this.#scenario;
    let requests = 0;
    let idle = 0;
    let forgotten = false;
    this.#open.add(peer);
    peer.onClosed(() => this.#open.delete(peer));
    peer.onData(() => {
      if (forgotten) return silent === "deaf" ? undefined : this.#end(peer, "reset");
      requests += 1;
      idle += 1;
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      if (requests >= requestsPerConnection) return this.#end(peer, "end");
      const wasIdle = idle;
      this.#later(() => {
        if (idle !== wasIdle) return;
        if (silent !== undefined) forgotten = true;
        else this.#end(peer, "end");
      });
    });
  }

  #later(then: () => void): void {
    const ms = this.#scenario.limitMs(this.#clock.now(), this.#random);
    if (ms !== Infinity) this.#clock.schedule(ms, then);
  }

  #end(peer: MemoryPeer, how: "end" | "reset"): void {
    this.#open.delete(peer);
    peer[how]();
  }

  #restart(): void {
    const { restartEveryMs } = this.#scenario;
    if (restartEveryMs === undefined) return;
    this.#clock.schedule(restartEveryMs * (0.5 + this.#random.next()), () => {
      for (const peer of this.#open) this.#end(peer, "end");
      if (!this.#stopped) this.#restart();
    });
  }
}

/** Compares the learned limit with the true one. */
class LimitWatch {
  readonly #scenario: Scenario;
  readonly #clock: VirtualClock;
  readonly #ratios: number[] = [];
  #learnedMs = Infinity;
  #samples = 0;

  constructor(scenario: Scenario, clock: VirtualClock) {
    this.#scenario = scenario;
    this.#clock = clock;
  }

  readonly listen = (event: { readonly type: string }): void => {
    if (event.type === "limit.learned") this.#learnedMs = (event as LimitLearned).idleMs;
  };

  sample(): void {
    this.#samples += 1;
    const trueMs = this.#scenario.trueMs(this.#clock.now()) ?? Infinity;
    if (this.#learnedMs !== Infinity) this.#ratios.push(this.#learnedMs / trueMs);
  }

  findings(): Pick<Findings, "ratio" | "above" | "unknown"> {
    const sorted = this.#ratios.sort((one, other) => one - other);
    return {
      ratio: sorted[Math.floor(sorted.length / 2)],
      above: sorted.filter((ratio) => ratio > 1).length / this.#samples,
      unknown: 1 - sorted.length / this.#samples,
    };
  }
}

/** A normally distributed number: mean 0, deviation 1 (Box-Muller). */
function normal(random: Prng): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
