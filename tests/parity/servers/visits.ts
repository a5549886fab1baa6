/** The visits that are made to every server. */

import { IDLE_MS, REQUESTS, type ServerSystem } from "./server-system.ts";
import type { Visit } from "./visit.ts";

/** Time limit for a server that said `close` to close. */
const AT_ONCE_MS = 900;

function request(line: string, ...fields: readonly string[]): string {
  return [line, "Host: localhost", ...fields, "", ""].join("\r\n");
}

const get11 = (...fields: readonly string[]): string => request("GET / HTTP/1.1", ...fields);
const get10 = (...fields: readonly string[]): string => request("GET / HTTP/1.0", ...fields);
const KEEP_ALIVE = "Connection: keep-alive";

/** Requests with different fields, each on its own connection. */
const forms: readonly (readonly [name: string, request: string])[] = [
  ["HTTP/1.1", get11()],
  ["HTTP/1.1, keep-alive", get11(KEEP_ALIVE)],
  [
    "HTTP/1.1, Keep-Alive in other letters, with another option",
    get11("Connection: TE, Keep-Alive", "TE: trailers"),
  ],
  ["HTTP/1.1, close", get11("Connection: close")],
  ["HTTP/1.1, an option of no meaning", get11("Connection: foo")],
  ["HTTP/1.0", get10()],
  ["HTTP/1.0, keep-alive", get10(KEEP_ALIVE)],
  ["HTTP/1.0, close", get10("Connection: close")],
  ["HEAD, keep-alive", request("HEAD / HTTP/1.1", KEEP_ALIVE)],
  ["404, keep-alive", request("GET /missing HTTP/1.1", KEEP_ALIVE)],
];

const words = (["idle", "announced"] as const).flatMap((setup) =>
  forms.map(
    ([name, bytes]): Visit => ({
      name: `${setup}: ${name}`,
      setup,
      requests: [bytes],
      gapMs: 0,
      patienceMs: AT_ONCE_MS,
    }),
  ),
);

const times: Visit[] = [
  {
    name: "idle: after one request",
    setup: "idle",
    requests: [get11(KEEP_ALIVE)],
    gapMs: 0,
    patienceMs: 3 * IDLE_MS,
  },
  {
    name: "idle: after a request that did not ask",
    setup: "idle",
    requests: [get11()],
    gapMs: 0,
    patienceMs: 3 * IDLE_MS,
  },
  {
    name: "idle: after three requests, each before the limit",
    setup: "idle",
    requests: Array.from({ length: 3 }, () => get11(KEEP_ALIVE)),
    gapMs: IDLE_MS * 0.6,
    patienceMs: 3 * IDLE_MS,
  },
  {
    name: "idle: after a request of HTTP/1.0 that asked",
    setup: "idle",
    requests: [get10(KEEP_ALIVE)],
    gapMs: 0,
    patienceMs: 3 * IDLE_MS,
  },
  {
    name: "announced: closes by the real time, not by the announced one",
    setup: "announced",
    requests: [get11(KEEP_ALIVE)],
    gapMs: 0,
    patienceMs: 3 * IDLE_MS,
  },
];

const counts = (
  [
    ["asked", [KEEP_ALIVE]],
    ["not asked", []],
  ] as const
).map(
  ([name, fields]): Visit => ({
    name: `requests: the last of ${REQUESTS}, ${name}`,
    setup: "requests",
    requests: Array.from({ length: REQUESTS + 2 }, () => get11(...fields)),
    gapMs: 60,
    patienceMs: AT_ONCE_MS,
  }),
);

const ages: Visit[] = [
  {
    name: "lifetime: the first response after it is the last",
    setup: "lifetime",
    requests: Array.from({ length: 5 }, () => get11(KEEP_ALIVE)),
    gapMs: 1300,
    patienceMs: AT_ONCE_MS,
  },
];

const all: readonly Visit[] = [...times, ...words, ...counts, ...ages];

export function visitsTo({ setups }: ServerSystem, filter: string): Visit[] {
  return all.filter(({ setup, name }) => setup in setups && name.includes(filter));
}
