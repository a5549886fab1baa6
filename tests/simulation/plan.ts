/** Plan: what one seed stands for: the pool's options, the servers, the clients, and the disturbances. */

import { Prng } from "../support/prng.ts";
import { drawUsers, type Kind, type Users } from "./dimensions.ts";
import { behindBox, HIDDEN, HONEST, patient, someHabit } from "./habits.ts";
import type { Terms } from "./reuse-rules.ts";
import type { ServerPlan } from "./server.ts";
import { drawSlowness } from "./slowness.ts";

/** How much goes wrong. */
export type Weather =
  /** Nothing goes wrong: every limit is announced or far away. No request may fail. */
  | "calm"
  /** Limits are hidden, and one request in fifty goes wrong. */
  | "rough"
  /** A quarter of the requests go wrong, connect attempts fail, and the machine is suspended. */
  | "storm";

/** Boxes in between that forget connections, servers that are slow for everybody, or long outages. */
export type Silence = "forgets" | "slow" | "out";

/** Everything that a world is made of. */
export interface Plan {
  readonly seed: number;
  readonly weather: Weather;
  /** What the world is about, if it is about silence. */
  readonly silence?: Silence;
  readonly requests: number;
  readonly clients: number;
  readonly servers: readonly ServerPlan[];
  readonly terms: Terms;
  readonly reuseOrder: "lifo" | "fifo";
  readonly lifetimeJitter: number;
  readonly hintMargin: number | undefined;
  readonly learn: "yes" | "no" | "store";
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  /** Limits are so low that requests must wait. */
  readonly tight: boolean;
  readonly latencyMs: number;
  readonly latencyJitterMs: number;
  /** How long a turn of the client's event loop takes. */
  readonly turnMs: number;
  /** The longest pause of a client. Most are far shorter. */
  readonly pauseMs: number;
  /** One disturbance per this many requests; `Infinity` for none. */
  readonly disturbOneIn: number;
  readonly redirectOneIn: number;
  /**
   * How often names are looked up again. `Infinity`: the pool looks up nothing, because the transport resolves names.
   */
  readonly dnsRefreshMs: number;
  /** How often names move, and the average time between moves. */
  readonly moves: number;
  readonly moveMs: number;
  readonly closeTimeoutMs: number;
  /** The pool is closed while requests are under way. */
  readonly closesEarly: boolean;
  /** Steps between two audits of the statistics. */
  readonly auditEvery: number;
  /** What users and peers do besides. */
  readonly users: Users;
}

const MINUTE = 60_000;
const DAY = 86_400_000;

/** The plan of a seed, with pauses so long that its requests fill this many days. */
export function longPlanOf(seed: number, requests: number, days: number, kinds: readonly Kind[] = []): Plan {
  const plan = planOf(seed, requests, kinds);
  // One pause in six is drawn up to the full length, and half of it on average. Bursts take some of the pauses.
  const pauseMs = (15 * days * DAY * plan.clients) / requests;
  return { ...plan, pauseMs, closesEarly: false, auditEvery: 64 };
}

/** The plan of a seed. Without dimensions, it is the same as before dimensions existed. */
export function planOf(seed: number, requests: number, kinds: readonly Kind[] = []): Plan {
  const prng = new Prng(Math.imul(seed, 2_654_435_761) ^ 0x5eed);
  const weather = prng.among<Weather>("calm", "rough", "rough", "storm");
  const tight = prng.oneIn(3);
  const latencyMs = prng.among(0.25, 1, 20, 100);
  return {
    seed,
    weather,
    requests,
    clients: 1 + prng.below(prng.among(3, 12)),
    servers: drawServers(prng, weather),
    terms: drawTerms(prng, weather, tight),
    reuseOrder: prng.among("lifo", "fifo"),
    lifetimeJitter: prng.among(0.1, 0, 0.9),
    hintMargin: weather === "calm" ? undefined : prng.among(undefined, undefined, 2000),
    learn: prng.among("yes", "yes", "no", "store"),
    connectTimeoutMs: prng.among(10_000, 1000),
    headersTimeoutMs: weather === "calm" ? 5 * MINUTE : prng.among(5 * MINUTE, 20_000, 3000),
    bodyIdleTimeoutMs: weather === "calm" ? 5 * MINUTE : prng.among(5 * MINUTE, 20_000, 2000),
    tight,
    latencyMs,
    latencyJitterMs: prng.among(0, latencyMs),
    turnMs: prng.among(0, 0.5),
    pauseMs: prng.among(500, 8000, 60_000, 5 * MINUTE),
    disturbOneIn: prng.among(...disturbances(weather)),
    redirectOneIn: prng.among(Infinity, 20),
    ...drawNames(new Prng(seed ^ 0xd5)),
    closeTimeoutMs: prng.among(0, 5000, 600_000),
    closesEarly: prng.oneIn(3),
    auditEvery: mostly(prng, 8, 64, 1, 8),
    users: drawUsers(seed, kinds, weather === "calm"),
  };
}

/** A world in which little goes wrong but silence, and callers pause for as long as boxes in between remember. */
function quietPlanOf(seed: number, requests: number, prng: Prng): Plan {
  const plan = planOf(seed, requests);
  return {
    ...plan,
    weather: "rough",
    clients: prng.among(1, 1, 2, 4),
    terms: {
      ...plan.terms,
      idleTimeoutMs: DAY,
      maxRequests: Infinity,
      maxLifetimeMs: Infinity,
      maxConnections: 1024,
      maxConnectionsPerOrigin: 256,
      maxIdle: Infinity,
      maxIdlePerOrigin: Infinity,
      maxQueue: 10_000,
      acquireTimeoutMs: Infinity,
      retries: true,
    },
    learn: "yes",
    connectTimeoutMs: 10_000,
    headersTimeoutMs: MINUTE,
    bodyIdleTimeoutMs: MINUTE,
    tight: false,
    // What a box forgets depends on when packets pass it: an age that is known to live must be one for the box as well.
    latencyJitterMs: 0,
    turnMs: 0,
    disturbOneIn: Infinity,
    redirectOneIn: Infinity,
    dnsRefreshMs: Infinity,
    closesEarly: false,
  };
}

/** A server whose requests do not go wrong. */
function quietServer(plan: ServerPlan): ServerPlan {
  return { ...plan, firstRequestMs: DAY, faultRate: 0, connectFaultRate: 0 };
}

/** Boxes in between forget idle connections without a word, after times around which callers pause. */
function forgettingPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0x9e37_79b1) ^ 0xf026);
  const plan = quietPlanOf(seed, requests, prng);
  const forgetsMs = prng.among(600, 1500, 5000, 20_000, MINUTE, 350_000) * (0.8 + 0.4 * prng.next());
  return {
    ...plan,
    silence: "forgets",
    pauseMs: forgetsMs * prng.among(2, 4),
    latencyMs: Math.min(plan.latencyMs, 1 + Math.floor(forgetsMs / 400)),
    servers: plan.servers.slice(0, 2).map((server) => ({
      ...quietServer(server),
      habit: behindBox(Math.round(forgetsMs * (1 + prng.next()))),
      serviceMs: prng.among(0, 5, 50),
      // A fresh connection proves nothing with an answer that takes longer than the usual ones do.
      spreading: { ...server.spreading, gapMs: Math.min(server.spreading.gapMs, 50) },
    })),
  };
}

/** Servers that become slow for everybody, or stand still now and then. Nobody forgets a connection. */
function slowPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0x85eb_ca6b) ^ 0x510e);
  const plan = quietPlanOf(seed, requests, prng);
  return {
    ...plan,
    silence: "slow",
    pauseMs: prng.among(500, 8000, MINUTE),
    headersTimeoutMs: 5 * MINUTE,
    servers: plan.servers.slice(0, 2).map((server) => {
      const slow = drawSlowness(prng);
      // What came while it stood still is answered in its order.
      const serviceMs = slow.everyMs === undefined ? prng.among(0, 5, 50) : 0;
      return { ...quietServer(server), habit: patient(), serviceMs, slow };
    }),
  };
}

/** Outages of seconds to hours, through which requests wait. */
function outPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0xc2b2_ae35) ^ 0x0a7e);
  const plan = quietPlanOf(seed, requests, prng);
  return {
    ...plan,
    silence: "out",
    pauseMs: prng.among(500, 8000, MINUTE),
    headersTimeoutMs: prng.among(20_000, 10 * MINUTE, DAY),
    servers: plan.servers.slice(0, 2).map((server) => ({
      ...quietServer(server),
      habit: patient(),
      serviceMs: prng.among(0, 5, 1500),
      outages: {
        everyMs: prng.among(20_000, 5 * MINUTE),
        forMs: Math.round(prng.among(8000, MINUTE, 10 * MINUTE, 600 * MINUTE) * (0.5 + prng.next())),
      },
    })),
  };
}

const SILENT: Readonly<Record<Silence, (seed: number, requests: number) => Plan>> = {
  forgets: forgettingPlanOf,
  slow: slowPlanOf,
  out: outPlanOf,
};

/** The plan of a world that is about silence. */
export function silentPlanOf(silence: Silence, seed: number, requests: number): Plan {
  return SILENT[silence](seed, requests);
}

/** Draws from random numbers of its own, so that older seeds keep their meaning. */
function drawNames(prng: Prng): Pick<Plan, "dnsRefreshMs" | "moves" | "moveMs"> {
  const dnsRefreshMs = prng.oneIn(2) ? Infinity : prng.among(1000, 5000, 30_000);
  return { dnsRefreshMs, moves: prng.below(6), moveMs: prng.among(1000, 10_000, 5 * MINUTE) };
}

function disturbances(weather: Weather): [number, ...number[]] {
  if (weather === "calm") return [Infinity, 100];
  return weather === "rough" ? [30, 100, Infinity] : [25, 100];
}

function drawServers(prng: Prng, weather: Weather): ServerPlan[] {
  const faultRate = { calm: 0, rough: 0.02, storm: 0.25 }[weather];
  const count = prng.among(1, 1, 2, 4);
  return Array.from({ length: count }, (_, at) => ({
    seed: prng.below(2 ** 32),
    hostname: `s${at}.test`,
    habit: someHabit(prng, weather === "calm" || prng.oneIn(2) ? HONEST : HIDDEN),
    firstRequestMs: weather === "calm" ? MINUTE : prng.among(500, 5000, 20_000, MINUTE),
    faultRate,
    connectFaultRate: weather === "storm" ? prng.among(0, 0.05, 0.3) : 0,
    spreading: { piecesOneIn: prng.among(2, 10, 1000), gapMs: prng.among(2, 50, 400) },
    serviceMs: prng.among(0, 5, 100, 1500),
    largeOneIn: prng.among(150, 2000),
  }));
}

function drawTerms(prng: Prng, weather: Weather, tight: boolean): Terms {
  const maxConnections = tight ? prng.among(1, 3, 6) : 1024;
  const calm = weather === "calm";
  return {
    idleTimeoutMs: calm ? prng.among(55_000, 4000, 1000) : prng.among(55_000, 4000, 300, 5 * MINUTE),
    maxRequests: mostly(prng, 4, Infinity, 20, 3, 1),
    maxLifetimeMs: prng.among(3_600_000, 30_000, 5 * MINUTE),
    maxConnections,
    maxConnectionsPerOrigin: tight ? Math.min(maxConnections, prng.among(1, 2, 6)) : 256,
    maxIdle: mostly(prng, 6, Infinity, 3, 1, 0),
    maxIdlePerOrigin: mostly(prng, 5, Infinity, 1, 2, 0),
    maxQueue: tight && !calm ? prng.among(10_000, 0, 2) : 10_000,
    unsafeReuseMs: prng.among(2000, 2000, 50, Infinity),
    honorsHints: calm || !prng.oneIn(5),
    hintMarginMs: 1000,
    acquireTimeoutMs: tight && !calm ? prng.among(60_000, 500) : Infinity,
    retries: calm || !prng.oneIn(8),
  };
}

/** `usual`, except in one case in `n`. */
function mostly(prng: Prng, n: number, usual: number, ...others: [number, ...number[]]): number {
  return prng.oneIn(n) ? prng.among(...others) : usual;
}
