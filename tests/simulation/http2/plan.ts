/** Plan: what one world is like, drawn from its seed. */

import type { Duration, PoolOptions } from "../../../mod.ts";
import { Prng } from "../../support/prng.ts";
import { drawSlowness, type Slowness } from "../slowness.ts";
import { drawHints, type HintPlan, NO_HINTS } from "./hints.ts";

/** How a server ends connections of its own accord. */
export interface ServerPlan {
  readonly hostname: string;
  readonly seed: number;
  /** HTTP/1.1 only: the connect attempt finds out. */
  readonly isOld: boolean;
  readonly maxStreams: number;
  readonly initialWindow: number;
  readonly frameSize: number;
  readonly tableSize: number;
  /** GOAWAY after so many requests, in one step or two. */
  readonly maxRequests: number;
  readonly goawaySteps: 1 | 2;
  /** How long after the GOAWAY, when nothing is under way, the FIN comes. */
  readonly finAfterMs: number;
  readonly idleMs: number;
  readonly serviceMs: number;
  /** The share of requests at which something goes wrong. */
  readonly faultRate: number;
  /** How often the settings change, and how long windows stay shut, as shares of the requests. */
  readonly changeRate: number;
  readonly stallRate: number;
  readonly pingRate: number;
  readonly restartEveryMs: number;
  /** It refuses what is beyond a limit of which the client cannot know yet. Otherwise it takes that. */
  readonly isStrict: boolean;
  /** How much later its SETTINGS come than its socket opens: it refuses nothing before, but the client sends already. */
  readonly settingsAfterMs: number;
  /** `SETTINGS_MAX_HEADER_LIST_SIZE`. */
  readonly maxFieldBytes: number;
  /** Settings change to values that hurt: no window at all, a table of another size, fewer streams than are open. */
  readonly changesHard: boolean;
  /** A box in between forgets a connection on which nothing has passed for so long, without a word. */
  readonly forgetsMs: number;
  /** It is slow for everybody. */
  readonly slow: Slowness | undefined;
  /** It sends 1xx, and takes requests back after them. */
  readonly hints: HintPlan;
  /** One long upload in so many is the last thing that it reads on its connection, which it leaves open. */
  readonly unreadOneIn: number;
}

/** Boxes in between that forget connections, servers that are slow for everybody, or that disown what they have begun to answer. */
export type Silence = "forgets" | "slow" | "disowns";

/** How the code of HTTP/2 comes. */
export interface LoadPlan {
  /** How long an import takes; 0: one turn of the event loop. */
  readonly ms: number;
  /** So many imports fail. */
  readonly failures: number;
  /** The pools are closed while it is loaded: after this share of `ms`, with this much time for running requests. */
  readonly close: { readonly after: number; readonly timeoutMs: number } | undefined;
  /** Servers end connections that have said nothing yet, meanwhile: one connection in so many, in one of these ways. */
  readonly endOneIn: number;
  readonly ends: readonly UnusedEnd[];
}

/** How a server ends a connection on which no request has come. "silently" is without having said anything. */
export type UnusedEnd = (typeof UNUSED_ENDS)[number];

/** What is said by GOAWAY holds whatever crosses it. A FIN or RST may cross a request, which nobody knows to be unprocessed then. */
export const UNUSED_ENDS = ["goaway", "calm", "fin", "rst", "silently"] as const;

/** A second pool of the same program, with the same clock, to the same servers. */
export interface NeighbourPlan {
  readonly options: PoolOptions;
  /** When it is closed, while the other pool goes on; `undefined`: with the other. */
  readonly closeAfterMs: number | undefined;
  readonly closeTimeoutMs: number;
}

/** One world. */
export interface Plan {
  readonly seed: number;
  /** Nothing goes wrong but what GOAWAY, limits and windows allow: no request may fail. */
  readonly isCalm: boolean;
  /** What the world is about, if it is about silence. */
  readonly silence?: Silence;
  readonly scheme: "http" | "https";
  readonly latencyMs: number;
  /** Bytes under way after which the client's socket accepts no more: what it writes then comes late. */
  readonly socketBytes: number;
  readonly servers: readonly ServerPlan[];
  readonly callers: number;
  readonly requestsEach: number;
  readonly pauseMs: number;
  readonly burst: boolean;
  readonly abortOneIn: number;
  readonly uploadOneIn: number;
  readonly slowOneIn: number;
  readonly options: PoolOptions;
  /** How often the client's event loop is blocked for a while, by requests. */
  readonly blockOneIn: number;
  /** How often the client's machine is suspended, by requests. */
  readonly sleepOneIn: number;
  /** How often a request goes through redirects, or has fields of some KiB. */
  readonly redirectOneIn: number;
  readonly largeFieldsOneIn: number;
  /** The client's clock moves only when something reaches the program. */
  readonly clockStops: boolean;
  /** How often the client's loop, its timers or its sockets run late, by requests. */
  readonly lateOneIn: number;
  /** One poll of the sockets tells all that they bring before the program goes on. */
  readonly readsInBatches: boolean;
  /** `undefined`: the code of HTTP/2 is there from the start. */
  readonly loading: LoadPlan | undefined;
  readonly neighbour: NeighbourPlan | undefined;
  /** One write in so many is taken late by the kernel, which holds the buffer until then; `Infinity`: sockets copy at once. */
  readonly lateWriteOneIn: number;
}

/** What older seeds did without. Drawn from numbers of its own, so that they keep their meaning. */
const PLAIN = {
  sleepOneIn: Infinity,
  redirectOneIn: Infinity,
  largeFieldsOneIn: Infinity,
  clockStops: false,
  lateOneIn: Infinity,
  readsInBatches: false,
  loading: undefined,
  neighbour: undefined,
  lateWriteOneIn: Infinity,
} as const;
const PLAIN_SERVER = {
  isStrict: false,
  settingsAfterMs: 0,
  maxFieldBytes: Infinity,
  changesHard: false,
  forgetsMs: Infinity,
  slow: undefined,
  hints: NO_HINTS,
  unreadOneIn: Infinity,
} as const;

/** The plan of a seed, with some `requests` in all. `plain`: as seeds were before there was more to draw. */
export function planOf(seed: number, requests: number, plain = false): Plan {
  const plan = oldPlan(seed, requests);
  if (plain) return plan;
  const prng = new Prng(seed ^ 0x2d1a);
  const servers = plan.servers.map((server) => ({
    ...server,
    isStrict: prng.oneIn(2),
    settingsAfterMs: prng.among(0, 0, 1, 40),
    maxFieldBytes: prng.among(Infinity, Infinity, 2000, 8000),
    changesHard: prng.oneIn(2),
    hints: drawHints(server.seed, server.faultRate > 0),
    unreadOneIn: server.faultRate > 0 ? new Prng(server.seed ^ 0xdea).among(Infinity, 1, 3) : Infinity,
  }));
  const readsAll = servers.every(({ unreadOneIn }) => unreadOneIn === Infinity);
  return {
    ...plan,
    servers,
    // What is not read is little, and must be too much for the socket.
    socketBytes: readsAll ? plan.socketBytes : Math.min(plan.socketBytes, 5000),
    sleepOneIn: prng.among(Infinity, Infinity, 300, 60),
    redirectOneIn: prng.among(Infinity, 30, 5),
    largeFieldsOneIn: prng.among(Infinity, 30, 8),
    ...lateness(new Prng(seed ^ 0x1a7e)),
    loading: loadPlan(seed, plan.isCalm),
    neighbour: neighbourPlan(new Prng(seed ^ 0x2b0b), plan),
    lateWriteOneIn: new Prng(Math.imul(seed, 0x1656_67b1) ^ 0x1a7e).among(Infinity, Infinity, 1, 4),
  };
}

function loadPlan(seed: number, isCalm: boolean): LoadPlan | undefined {
  const prng = new Prng(seed ^ 0x10ad);
  if (!prng.oneIn(2)) return undefined;
  const failures = prng.among(0, 0, 1, 3);
  const close = { after: prng.among(0, 0.5, 0.9, 1), timeoutMs: prng.among(0, 20, 5000) };
  return {
    ms: prng.among(0, 0, 1, 40, 700, 15_000),
    failures: isCalm ? 0 : failures,
    close: prng.oneIn(6) ? close : undefined,
    ...endPlan(new Prng(seed ^ 0xe4d5)),
  };
}

/** Drawn apart, so that older seeds keep their meaning. */
function endPlan(prng: Prng): Pick<LoadPlan, "endOneIn" | "ends"> {
  const one = prng.pick(UNUSED_ENDS) ?? "fin";
  return { endOneIn: prng.among(Infinity, 1, 1, 3), ends: prng.oneIn(2) ? [one] : UNUSED_ENDS };
}

function neighbourPlan(prng: Prng, { scheme, isCalm, options }: Plan): NeighbourPlan | undefined {
  if (!prng.oneIn(3)) return undefined;
  const own = optionsOf(prng, scheme, isCalm);
  return {
    // What is learned of a server costs a calm world its first requests: it is for both to learn, or for none.
    options: { ...own, learn: options.learn ?? true },
    closeAfterMs: prng.among(undefined, 3, 100, 2000),
    closeTimeoutMs: prng.among(0, 50, 5000),
  };
}

/** Drawn apart, so that older seeds keep their meaning. */
function lateness(prng: Prng): Pick<Plan, "clockStops" | "lateOneIn" | "readsInBatches"> {
  return {
    clockStops: prng.oneIn(3),
    lateOneIn: prng.among(Infinity, Infinity, 100, 20),
    readsInBatches: prng.oneIn(3),
  };
}

/** A world in which little goes wrong but silence, and callers pause for as long as boxes in between remember. */
function quietPlanOf(seed: number, requests: number, prng: Prng): Plan {
  const plan = oldPlan(seed, requests);
  const callers = prng.among(1, 1, 2, 3);
  return {
    ...plan,
    isCalm: false,
    socketBytes: Infinity,
    callers,
    requestsEach: Math.ceil(requests / callers),
    burst: prng.oneIn(2),
    abortOneIn: Infinity,
    slowOneIn: Infinity,
    blockOneIn: Infinity,
    options: {
      http2: plan.options.http2 ?? "alpn",
      idleTimeout: "24h",
      maxLifetime: Infinity,
      unsafeReuse: prng.among(2000, 0),
      acquireTimeout: "24h",
      headersTimeout: "1m",
      bodyIdleTimeout: "1m",
    },
    servers: plan.servers.slice(0, 2).map((server) => ({
      ...server,
      isOld: false,
      maxStreams: 100,
      maxRequests: Infinity,
      idleMs: Infinity,
      faultRate: 0,
      changeRate: 0,
      stallRate: 0,
      pingRate: 0,
      restartEveryMs: Infinity,
    })),
  };
}

/** Boxes in between forget idle connections without a word, after times around which callers pause. */
function forgettingPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0x9e37_79b1) ^ 0xf026);
  const plan = quietPlanOf(seed, requests, prng);
  const forgetsMs = prng.among(600, 1500, 5000, 20_000, 60_000, 350_000) * (0.8 + 0.4 * prng.next());
  return {
    ...plan,
    silence: "forgets",
    pauseMs: forgetsMs * prng.among(0.5, 1.5, 3),
    latencyMs: Math.min(plan.latencyMs, 1 + Math.floor(forgetsMs / 400)),
    servers: plan.servers.map((server) => ({ ...server, forgetsMs: forgetsMs * (1 + prng.next()) })),
  };
}

/** Servers that become slow for everybody, or stand still now and then. Nobody forgets a connection. */
function slowPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0x85eb_ca6b) ^ 0x510e);
  const plan = quietPlanOf(seed, requests, prng);
  return {
    ...plan,
    silence: "slow",
    pauseMs: prng.among(500, 8000, 60_000),
    options: { ...plan.options, headersTimeout: "5m" },
    servers: plan.servers.map((server) => {
      const slow = drawSlowness(prng);
      // What came while it stood still is answered in its order.
      return { ...server, serviceMs: slow.everyMs === undefined ? server.serviceMs : 0, slow };
    }),
  };
}

/** Servers that fall silent, so that requests are sent a second time, and disown what they have begun to answer. */
function disowningPlanOf(seed: number, requests: number): Plan {
  const prng = new Prng(Math.imul(seed, 0xc2b2_ae35) ^ 0xd150);
  const plan = quietPlanOf(seed, requests, prng);
  return {
    ...plan,
    silence: "disowns",
    pauseMs: prng.among(8000, 60_000),
    servers: plan.servers.map((server) => ({
      ...server,
      hints: {
        oneIn: prng.among(2, 20),
        takenBackOneIn: prng.among(1, 2),
        vanishOneIn: prng.among(3, 10),
        endsAfterMs: prng.among(1000, 4000, 10_000),
      },
    })),
  };
}

const SILENT: Readonly<Record<Silence, (seed: number, requests: number) => Plan>> = {
  forgets: forgettingPlanOf,
  slow: slowPlanOf,
  disowns: disowningPlanOf,
};

/** The plan of a world that is about silence. */
export function silentPlanOf(silence: Silence, seed: number, requests: number): Plan {
  return SILENT[silence](seed, requests);
}

export function isSilence(text: string | undefined): text is Silence {
  return text !== undefined && Object.hasOwn(SILENT, text);
}

function oldPlan(seed: number, requests: number): Plan {
  const prng = new Prng(seed);
  const isCalm = prng.oneIn(2);
  const scheme = prng.among("http" as const, "https" as const, "https" as const);
  const callers = prng.among(1, 3, 10, 30, 100, 150);
  const count = prng.among(1, 1, 2, 3);
  const servers = Array.from({ length: count }, (_, at) => serverPlan(prng, `s${at}.test`, isCalm, scheme));
  return {
    seed,
    isCalm,
    scheme,
    latencyMs: prng.among(0, 0.5, 1, 20),
    socketBytes: prng.among(Infinity, Infinity, 65_536, 5000),
    servers,
    callers,
    requestsEach: Math.max(1, Math.ceil(requests / callers)),
    pauseMs: prng.among(0, 0, 1, 50, 500),
    burst: prng.oneIn(3),
    abortOneIn: prng.among(Infinity, Infinity, 50, 10),
    uploadOneIn: prng.among(3, 10),
    slowOneIn: prng.among(Infinity, 200, 40),
    options: optionsOf(prng, scheme, isCalm),
    // The last to be drawn, so that older seeds keep their meaning.
    blockOneIn: prng.among(Infinity, Infinity, Infinity, 100, 20),
    ...PLAIN,
  };
}

function serverPlan(prng: Prng, hostname: string, isCalm: boolean, scheme: "http" | "https"): ServerPlan {
  return {
    hostname,
    seed: prng.below(2 ** 31),
    isOld: scheme === "https" && prng.oneIn(5),
    maxStreams: prng.among(1, 2, 5, 20, 100, 128, 1000),
    initialWindow: prng.among(500, 5000, 65_535, 65_535, 1_000_000),
    frameSize: prng.among(16_384, 16_384, 100_000),
    tableSize: prng.among(4096, 4096, 0, 200, 60_000),
    maxRequests: prng.among(Infinity, 7, 20, 100, 1000),
    goawaySteps: prng.among(1, 1, 2),
    finAfterMs: prng.among(0, 1, 100, 3000),
    idleMs: prng.among(Infinity, 100, 1000, 60_000),
    serviceMs: prng.among(0, 0, 2, 30),
    faultRate: isCalm ? 0 : prng.among(0.001, 0.01, 0.05),
    changeRate: prng.among(0, 0.01, 0.1),
    stallRate: prng.among(0, 0.05, 0.3),
    pingRate: prng.among(0, 0.05),
    restartEveryMs: isCalm ? Infinity : prng.among(Infinity, Infinity, 300, 5000),
    ...PLAIN_SERVER,
  };
}

function optionsOf(prng: Prng, scheme: "http" | "https", isCalm: boolean): PoolOptions {
  const maxConnectionsPerOrigin = prng.among(1, 1, 2, 6, 50);
  return {
    http2: scheme === "http" ? "prior-knowledge" : "alpn",
    maxConnectionsPerOrigin,
    maxConnections: Math.max(maxConnectionsPerOrigin, prng.among(100, 100, 3, 1)),
    maxRequests: prng.among(Infinity, Infinity, 5, 50, 500),
    maxLifetime: prng.among<Duration>("1h", "1h", 300, 5000),
    idleTimeout: prng.among<Duration>("55s", 50, 2000),
    maxStreams: prng.among(1000, 1000, 3, 30),
    unsafeReuse: prng.among(2000, 0, 10_000),
    learn: !prng.oneIn(6),
    ping: prng.oneIn(3)
      ? { interval: prng.among("1s", "10s"), timeout: prng.among(300, 2000), whileIdle: prng.oneIn(2) }
      : false,
    // A queue that is no cause to fail.
    acquireTimeout: "24h",
    headersTimeout: isCalm ? "10m" : "30s",
    bodyIdleTimeout: isCalm ? "10m" : "30s",
  };
}
