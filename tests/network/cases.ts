/** Cases: what happens to the network of the lab, and what the client does meanwhile. */

import { ADDRESSES, type Lab } from "./lab.ts";
import type { Step } from "./script.ts";

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
  /** Before the client starts. */
  prepare(lab: Lab): void;
  /** The client waits for this. Resolves when it may go on. */
  change?(lab: Lab, what: string): Promise<void>;
}

const LONG_MS = 600_000;

/** `rounds` times: a few requests, then idle time. */
function rounds(count: number, pauseMs: number, method: "GET" | "POST" = "GET"): Step[] {
  return Array.from({ length: count }, (): Step[] => [{ send: 8, together: 4, method }, { pauseMs }]).flat();
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A short one for `npm test`. */
export const FORGETS: NetworkCase = {
  name: "forgets",
  about: "a NAT gateway forgets connections after 1 s of silence, for both sides",
  originIdleMs: LONG_MS,
  host: ADDRESSES.server,
  steps: rounds(8, 2500),
  capMs: 20_000,
  prepare: (lab) => lab.forgetAfter(1),
};

/** All, in the order of the table. */
export const CASES: readonly NetworkCase[] = [
  FORGETS,
  {
    ...FORGETS,
    name: "forgets-posts",
    about: "the same, with requests that must not be sent twice",
    steps: rounds(8, 2500, "POST"),
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
    about: "the first of two addresses swallows every packet",
    host: "api.lab",
    steps: rounds(8, 200),
    prepare: (lab) => lab.swallow(ADDRESSES.secondServer),
  },
  {
    ...FORGETS,
    name: "outage",
    about: "nothing gets through for 10 s, then all is well again",
    steps: [
      { send: 8, together: 4, method: "GET" },
      { wait: "cut" },
      { send: 40, together: 4, method: "GET" },
    ],
    prepare: () => {},
    change: async (lab) => {
      lab.cable(false);
      void after(10_000).then(() => lab.cable(true));
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
    name: "waits-outage",
    about: "answers take 20 s, and meanwhile nothing gets through for 13 s",
    steps: [{ wait: "cut" }, { send: 4, together: 4, method: "GET", path: "/slow?ms=20000" }],
    capMs: 60_000,
    prepare: () => {},
    change: async (lab) => {
      void after(1000).then(() => lab.cable(false));
      void after(14_000).then(() => lab.cable(true));
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
];
