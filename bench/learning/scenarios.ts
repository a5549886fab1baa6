/**
 * Scenarios: servers that close idle connections without announcing when, and clients whose pauses reach that limit.
 */

import type { Prng } from "../../tests/support/prng.ts";

export interface Scenario {
  readonly name: string;
  /** The idle limit for a connection that becomes idle now; `Infinity` for none. */
  limitMs(now: number, random: Prng): number;
  /** The shortest limit in force at a time, which should be learned; `undefined` if there is none. */
  trueMs(now: number): number | undefined;
  /** No FIN is sent. A client that writes after the limit gets RST; or nothing, ever, if a box in between is `"deaf"`. */
  readonly silent?: boolean | "deaf";
  /** All connections are closed at once, after this many ms again and again. */
  readonly restartEveryMs?: number;
  /** The server closes a connection after this many requests, without announcing it. */
  readonly requestsPerConnection?: number;
  /** The median of the client's pauses. */
  readonly pauseMs: number;
  /** How many requests run at the same time. */
  readonly lanes: number;
  readonly roundTripMs: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const fixed = (ms: number) => ({ limitMs: () => ms, trueMs: () => ms });

/** 60 s, then 15 s, then 60 s and so on, each for three hours. */
const alternating = (now: number): number => (Math.floor(now / (3 * HOUR)) % 2 === 0 ? MINUTE : 15 * SECOND);

export const SCENARIOS: readonly Scenario[] = [
  { name: "5 s, always", ...fixed(5 * SECOND), pauseMs: 2.5 * SECOND, lanes: 1, roundTripMs: 40 },
  { name: "5 s, four at a time", ...fixed(5 * SECOND), pauseMs: 5 * SECOND, lanes: 4, roundTripMs: 40 },
  {
    name: "5 s, give or take 10 %",
    limitMs: (_, random) => 5 * SECOND * (0.9 + 0.2 * random.next()),
    trueMs: () => 4.5 * SECOND,
    pauseMs: 2.5 * SECOND,
    lanes: 2,
    roundTripMs: 40,
  },
  {
    name: "5 s, checked once a second",
    limitMs: (now) => Math.ceil((now + 5 * SECOND) / SECOND) * SECOND - now,
    trueMs: () => 5 * SECOND,
    pauseMs: 2.5 * SECOND,
    lanes: 2,
    roundTripMs: 80,
  },
  {
    name: "5 s, restarted every 10 min",
    ...fixed(5 * SECOND),
    restartEveryMs: 10 * MINUTE,
    pauseMs: 2 * SECOND,
    lanes: 1,
    roundTripMs: 40,
  },
  {
    name: "60 s, forgotten in silence",
    ...fixed(MINUTE),
    silent: true,
    pauseMs: 20 * SECOND,
    lanes: 1,
    roundTripMs: 20,
  },
  {
    name: "60 s, then nothing gets through",
    ...fixed(MINUTE),
    silent: "deaf",
    pauseMs: 20 * SECOND,
    lanes: 1,
    roundTripMs: 20,
  },
  {
    name: "60 s and 15 s, alternating every 3 h",
    limitMs: alternating,
    trueMs: alternating,
    pauseMs: 10 * SECOND,
    lanes: 1,
    roundTripMs: 20,
  },
  {
    name: "none, but every 10 min a restart",
    limitMs: () => Infinity,
    trueMs: () => undefined,
    restartEveryMs: 10 * MINUTE,
    pauseMs: 2 * SECOND,
    lanes: 1,
    roundTripMs: 40,
  },
  {
    name: "none, but 50 requests a connection",
    limitMs: () => Infinity,
    trueMs: () => undefined,
    requestsPerConnection: 50,
    pauseMs: 2 * SECOND,
    lanes: 2,
    roundTripMs: 40,
  },
];
