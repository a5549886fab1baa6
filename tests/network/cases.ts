/** Cases: what happens to the network of the lab, and what the client does meanwhile. */

import type { ChildProcess } from "node:child_process";
import { ADDRESSES, type Lab } from "./lab.ts";
import type { RelayRules, Step } from "./script.ts";

/** One situation. */
export interface NetworkCase {
  readonly name: string;
  /** What it is like, in a few words. */
  readonly about: string;
  /** How long the origin keeps idle connections, in ms. */
  readonly originIdleMs: number;
  /** The host in the client's URL. `api.lab` has two addresses, the server's second one first. */
  readonly host: string;
  readonly steps: readonly Step[];
  readonly capMs: number;
  /** Other clients learn nothing, so that it would only be long for them. */
  readonly ofHoldfast?: boolean;
  /** Its requests wait for nothing but the end of an outage. */
  readonly recovers?: boolean;
  /** Options of the pool, of which only Holdfast has any. */
  readonly options?: object;
  /** Before the client starts. */
  prepare(lab: Lab): void;
  /** The client waits for this. Resolves when it may go on. */
  change?(lab: Lab, what: string, relay?: ChildProcess): Promise<void>;
  /** The client's URL is that of a relay with these rules. */
  readonly relay?: RelayRules;
}

const LONG_MS = 600_000;

/** `rounds` times: a few requests, then idle time. */
function rounds(count: number, pauseMs: number, method: "GET" | "POST" = "GET"): Step[] {
  return Array.from({ length: count }, (): Step[] => [{ send: 8, together: 4, method }, { pauseMs }]).flat();
}

/** If the client ended before, the lab is gone, and there is nothing to change. */
function later(ms: number, change: () => void): void {
  setTimeout(() => {
    try {
      change();
    } catch {
      // The namespace was deleted.
    }
  }, ms);
}

/** A short one for `npm test`. */
export const FORGETS: NetworkCase = {
  name: "forgets",
  about: "a NAT gateway forgets connections after 1 s of silence, for both sides",
  originIdleMs: LONG_MS,
  host: ADDRESSES.server,
  steps: rounds(6, 2500),
  capMs: 8000,
  prepare: (lab) => lab.forgetAfter(1),
};

/** A body of 4 s, in whose middle something happens. */
const BODIES: readonly Step[] = [
  { send: 4, together: 4, method: "GET" },
  { wait: "body" },
  { send: 4, together: 4, method: "GET", path: "/drip?ms=4000" },
  { send: 8, together: 4, method: "GET" },
];

const IDLE_THEN: readonly Step[] = [
  { send: 8, together: 4, method: "GET" },
  { pauseMs: 1500 },
  { wait: "change" },
  { send: 16, together: 4, method: "GET" },
];

/** Cases with the relay in between, and hosts and names that move. */
const MORE: readonly NetworkCase[] = [
  ...[1, 40, 150].map(
    (latencyMs): NetworkCase => ({
      ...FORGETS,
      name: `relay-${latencyMs}`,
      about: `a relay of ${latencyMs} ms in each direction swallows what comes after 1 s of silence, and acknowledges it`,
      relay: { latencyMs, forgetMs: 1000 },
      prepare: () => {},
    }),
  ),
  {
    ...FORGETS,
    name: "throttled",
    about: "a relay of 40 ms and 20 kB/s, bodies of 10 kB, idle times between: slow, but alive",
    relay: { latencyMs: 40, bytesPerSecond: 20_000 },
    steps: Array.from({ length: 6 }, (): Step[] => [
      { send: 4, together: 2, method: "GET", path: "/drip?ms=100&bytes=10000" },
      { pauseMs: 1500 },
    ]).flat(),
    prepare: () => {},
  },
  {
    ...FORGETS,
    name: "cut-body",
    about: "the relay resets all connections in the middle of bodies",
    relay: { latencyMs: 1 },
    steps: BODIES,
    prepare: () => {},
    change: async (_lab, _what, relay) => later(2000, () => relay?.stdin?.write("cut\n")),
  },
  {
    ...FORGETS,
    name: "late-first",
    about: "a request on an idle connection arrives 4 s late: its answer comes after the doubt",
    relay: { latencyMs: 1, hold: { idleMs: 1000, ms: 4000 } },
    steps: rounds(6, 1500),
    prepare: () => {},
  },
  {
    ...FORGETS,
    name: "late-first-posts",
    about: "the same, with requests that must not be sent twice",
    relay: { latencyMs: 1, hold: { idleMs: 1000, ms: 4000 } },
    steps: rounds(6, 1500, "POST"),
    prepare: () => {},
  },
  {
    ...FORGETS,
    name: "forgets-server",
    about: "packets of the server are dropped after 1 s of silence: requests arrive, answers do not",
    prepare: (lab) => lab.forgetAfter(1, "server"),
  },
  {
    ...FORGETS,
    name: "outage-drop",
    recovers: true,
    capMs: 20_000,
    about: "the firewall drops every packet for 10 s without a word: connects hang",
    steps: [
      { send: 8, together: 4, method: "GET" },
      { wait: "drop" },
      { send: 40, together: 4, method: "GET" },
    ],
    prepare: () => {},
    change: async (lab) => {
      lab.dropAll();
      later(10_000, () => lab.restore());
    },
  },
  {
    ...FORGETS,
    name: "vanishes-idle",
    recovers: true,
    capMs: 20_000,
    about: "the host vanishes while connections are idle (`ip link down`), and is back after 5 s",
    steps: IDLE_THEN,
    prepare: () => {},
    change: async (lab) => {
      lab.cable(false);
      later(5000, () => lab.cable(true));
    },
  },
  {
    ...FORGETS,
    name: "vanishes-body",
    capMs: 20_000,
    about: "the host vanishes in the middle of bodies of 4 s, and is back after 5 s",
    steps: BODIES,
    prepare: () => {},
    change: async (lab) => {
      later(2000, () => lab.cable(false));
      later(7000, () => lab.cable(true));
    },
  },
  {
    ...FORGETS,
    name: "name-moves",
    capMs: 20_000,
    about: "the name gets another address, and the old one swallows every packet",
    host: "api.lab",
    steps: IDLE_THEN,
    prepare: (lab) => lab.rename(ADDRESSES.secondServer),
    change: async (lab) => {
      lab.rename(ADDRESSES.server);
      lab.swallow(ADDRESSES.secondServer);
    },
  },
  {
    ...FORGETS,
    name: "thousand",
    ofHoldfast: true,
    about: "`forgets` for four rounds, and 1,000 requests after them",
    steps: [
      ...rounds(4, 2500),
      ...Array.from({ length: 20 }, (): Step[] => [
        { send: 50, together: 4, method: "GET" },
        { pauseMs: 1500 },
      ]).flat(),
    ],
  },
];

/** All, in the order of the table. */
export const CASES: readonly NetworkCase[] = [
  FORGETS,
  {
    ...FORGETS,
    name: "forgets-posts",
    about: "the same, with requests that must not be sent twice",
    steps: rounds(6, 2500, "POST"),
  },
  {
    ...FORGETS,
    name: "forgets-posts-proven",
    ofHoldfast: true,
    about: 'the same, with `serverHints: "ignore"` and `unsafeReuse: 0`: only a proven age counts',
    options: { serverHints: "ignore", unsafeReuse: 0 },
    steps: rounds(6, 2500, "POST"),
  },
  {
    ...FORGETS,
    name: "forgets-client",
    about: "packets of the client are dropped after 1 s of silence; the server closes after 6 s",
    originIdleMs: 6000,
    prepare: (lab) => lab.forgetAfter(1, "client"),
  },
  {
    ...FORGETS,
    name: "resets",
    about: "the gateway answers a forgotten connection with a RST",
    prepare: (lab) => lab.forgetAfter(1, "reset"),
  },
  {
    ...FORGETS,
    name: "dead-address",
    capMs: 20_000,
    about: "the first of two addresses swallows every packet",
    host: "api.lab",
    steps: rounds(8, 200),
    prepare: (lab) => lab.swallow(ADDRESSES.secondServer),
  },
  {
    ...FORGETS,
    name: "outage",
    recovers: true,
    capMs: 20_000,
    about: "nothing gets through for 10 s, then all is well again",
    steps: [
      { send: 8, together: 4, method: "GET" },
      { wait: "cut" },
      { send: 40, together: 4, method: "GET" },
    ],
    prepare: () => {},
    change: async (lab) => {
      lab.cable(false);
      later(10_000, () => lab.cable(true));
    },
  },
  {
    ...FORGETS,
    name: "slow",
    about: "a server of 30 ms that takes 300 ms for every 50th request, with idle times between",
    steps: Array.from({ length: 20 }, (): Step[] => [
      { send: 50, together: 5, method: "GET", path: "/tail?ms=30" },
      { pauseMs: 300 },
    ]).flat(),
    prepare: () => {},
  },
  {
    ...FORGETS,
    name: "late",
    about: "a server that takes 4 s on connections that were idle, as on others",
    steps: [
      { send: 4, together: 4, method: "GET" },
      { pauseMs: 1500 },
      { send: 4, together: 4, method: "GET", path: "/slow?ms=4000" },
      { send: 4, together: 4, method: "GET" },
    ],
    prepare: () => {},
  },
  {
    ...FORGETS,
    name: "waits",
    about: "answers take 40 s behind a gateway that forgets connections after 20 s of silence",
    steps: [{ send: 4, together: 4, method: "GET", path: "/slow?ms=40000" }],
    capMs: 60_000,
    prepare: (lab) => lab.forgetAfter(20),
  },
  {
    ...FORGETS,
    name: "waits-system",
    ofHoldfast: true,
    about:
      "the same, and the client's system sends keepalive probes after 15 s: `net.ipv4.tcp_keepalive_time`",
    steps: [{ send: 4, together: 4, method: "GET", path: "/slow?ms=40000" }],
    capMs: 60_000,
    prepare: (lab) => {
      lab.forgetAfter(20);
      lab.keepAlive(15);
    },
  },
  {
    ...FORGETS,
    name: "waits-outage",
    about: "answers take 20 s, and meanwhile nothing gets through for 11 s",
    steps: [{ wait: "cut" }, { send: 4, together: 4, method: "GET", path: "/slow?ms=20000" }],
    capMs: 60_000,
    prepare: () => {},
    change: async (lab) => {
      later(3000, () => lab.cable(false));
      later(14_000, () => lab.cable(true));
    },
  },
  {
    ...FORGETS,
    name: "moves",
    about: "the client gets another address while its connections are idle",
    steps: [
      { send: 8, together: 4, method: "GET" },
      { pauseMs: 1500 },
      { wait: "move" },
      { send: 8, together: 4, method: "POST" },
    ],
    prepare: () => {},
    change: async (lab) => lab.move(),
  },
  ...MORE,
];
