/** Cases of the pool: how many connections there are, which one is used next, and which one is closed. */

import { ok } from "../answers.ts";
import { type Answer, type Case, get, getFrom, request, type Step, together, wait } from "../schedule.ts";

const GAP_MS = 180;

/** Answers to requests in flight at the same time. Their connections become idle one after the other, in this order. */
function inOrder(...places: readonly number[]): Answer[] {
  return places.map((place) => [{ gather: places.length }, { pause: place * GAP_MS }, ...ok()]);
}

/** As {@linkcode inOrder}, but more than a second apart. */
function secondApart(...places: readonly number[]): Answer[] {
  return places.map((place) => [{ gather: places.length }, { pause: place * 1150 }, ...ok()]);
}

/** Longer than it takes to send all requests. */
const SENT_MS = 500;

/** Delay of the later answers, chosen so that no two connections become idle at the same moment. */
const LATER_MS = 2.5 * GAP_MS;

/**
 * Answers to `count` requests of which only `atOnce` can be in flight. The first ones free their connections in order.
 */
function crowd(count: number, atOnce: number): Answer[] {
  return Array.from({ length: count }, (_, at) => [
    { gather: atOnce },
    { pause: at < atOnce ? SENT_MS + at * GAP_MS : LATER_MS },
    ...ok(),
  ]);
}

const order: Case[] = [
  {
    name: "pool: of two idle connections, freed 1 2, the next one used",
    steps: [together(...inOrder(1, 2)), wait(300), get(ok())],
  },
  {
    name: "pool: of two idle connections, freed 2 1, the next ones used",
    steps: [together(...inOrder(2, 1)), wait(300), get(ok()), wait(150), get(ok())],
  },
  {
    name: "pool: of three idle connections, freed 1 2 3, the next one used",
    steps: [together(...inOrder(1, 2, 3)), wait(300), get(ok())],
  },
  {
    name: "pool: of three idle connections, freed 2 3 1, the next ones used",
    steps: [together(...inOrder(3, 1, 2)), wait(300), get(ok()), wait(150), get(ok())],
  },
  {
    name: "pool: two idle connections, then two requests together",
    steps: [together(...inOrder(1, 2)), wait(300), together(...inOrder(1, 2))],
  },
];

/** One request more than the system's connections for an origin. */
const queues = (
  [
    ["apacheHttpClient4", 2],
    ["apacheHttpClient5", 5],
    ["chrome", 6],
  ] as const
).map(
  ([system, widest]): Case => ({
    name: `pool: ${widest + 1} requests at once`,
    only: [system],
    steps: [together(...crowd(widest + 1, widest)), wait(400), get(ok())],
  }),
);

const limits: Case[] = [
  {
    // The connection that expires first is closed. Some systems count in seconds.
    name: "pool: three idle connections, freed 2 3 1, more than a second apart",
    steps: [together(...secondApart(3, 1, 2)), wait(200), get(ok()), wait(200), get(ok())],
  },
  ...queues,
  {
    name: "pool: ten requests at once",
    steps: [together(...inOrder(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)), wait(400), get(ok())],
  },
  {
    name: "pool: seven idle connections, freed 7 6 5 4 3 2 1",
    steps: [together(...inOrder(7, 6, 5, 4, 3, 2, 1)), wait(400), get(ok())],
  },
  {
    name: "pool: at most two idle connections, freed 1 2 3 4",
    tune: { maxIdlePerOrigin: 2 },
    steps: [together(...inOrder(1, 2, 3, 4)), wait(400), get(ok())],
  },
  {
    name: "pool: at most two connections, for four requests",
    tune: { maxConnectionsPerOrigin: 2 },
    steps: [together(...crowd(4, 2)), wait(300), get(ok())],
  },
  {
    // In other systems 0 means the default.
    name: "pool: no idle connections at all",
    only: ["reqwest", "denoFetch"],
    tune: { maxIdlePerOrigin: 0 },
    steps: [get(ok()), wait(200), get(ok())],
  },
];

/** A request to each of `origins` origins, one after the other, then to the last and the first. */
function roundTrip(origins: number): Step[] {
  const once = Array.from({ length: origins }, (_, at) => [getFrom(at, ok()), wait(GAP_MS)]).flat();
  return [...once, wait(300), getFrom(origins - 1, ok()), wait(GAP_MS), getFrom(0, ok())];
}

const origins: Case[] = [
  { name: "pool: seven origins in turn, then the last and the first", origins: 7, steps: roundTrip(7) },
  {
    name: "pool: at most three idle connections of all origins, five origins in turn",
    origins: 5,
    tune: { maxIdle: 3 },
    steps: roundTrip(5),
  },
  {
    name: "pool: at most three connections of all origins, five origins in turn",
    origins: 5,
    tune: { maxConnections: 3 },
    steps: roundTrip(5),
  },
];

const times: Case[] = [
  {
    name: "pool: 2 s of idle time, 1.4 s idle",
    tune: { idleTimeoutMs: 2000 },
    steps: [get(ok()), wait(1400), get(ok())],
  },
  {
    name: "pool: 2 s of idle time, 4.6 s idle",
    tune: { idleTimeoutMs: 2000 },
    steps: [get(ok()), wait(4600), get(ok())],
  },
  {
    name: "pool: 2 s of lifetime, requests all the time",
    tune: { maxLifetimeMs: 2000 },
    steps: [get(ok()), wait(700), get(ok()), wait(700), get(ok()), wait(1200), get(ok())],
  },
  {
    name: "pool: three requests for each connection",
    tune: { maxRequests: 3 },
    steps: [1, 2, 3, 4, 5].flatMap(() => [get(ok()), wait(120)]),
  },
  {
    name: "pool: default idle time, 1.5 s idle",
    steps: [get(ok()), wait(1500), get(ok())],
  },
  {
    name: "pool: default idle time, 5.8 s idle",
    steps: [get(ok()), wait(5800), get(ok())],
  },
  {
    name: "pool: POST on a connection that was idle for 2.6 s",
    steps: [get(ok()), wait(2600), request("POST", ok())],
  },
];

export const pool: Case[] = [...order, ...limits, ...origins, ...times];
