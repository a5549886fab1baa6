/** Hints: every form of `Keep-Alive`, and how long the connection is kept. */

import { always, head, ok } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

/**
 * A value, and how long the connection is kept (one second less than announced) or why it is not. A `?` behind it: a part of
 * the value was not understood, which is reported.
 */
const values: readonly (readonly [value: string, outcome: string])[] = [
  ["timeout=5", "4s"],
  ["timeout=1", "hint-timeout"],
  ["timeout=2", "1s"],
  ["timeout=0", "hint-timeout"],
  ["timeout=-1", "off ?"],
  ["Timeout=5", "4s"],
  ["TIMEOUT=5, MAX=100", "4s"],
  ['timeout="5"', "4s"],
  ['timeout="5', "off ?"],
  ["timeout = 5", "4s"],
  ["timeout\t=\t5", "4s"],
  ["max=5, timeout=5", "4s"],
  ["timeout=5;max=10", "4s"],
  ["timeout=5, timeout=9", "4s"],
  ["timeout=9, timeout=5", "8s"],
  ["timeout=abc", "off ?"],
  ["timeout=abc, timeout=7", "6s ?"],
  ["timeout=5.9", "off ?"],
  ["timeout=5s", "off ?"],
  ["timeout=+5", "off ?"],
  ["timeout=0x5", "off ?"],
  ["timeout=", "off ?"],
  ["timeout", "off ?"],
  ["timeout=007", "6s"],
  ["timeout=99999999999", "off ?"],
  ["timeout=2147484", "35791m"],
  ["idletimeout=9", "off"],
  ["timeouts=9", "off"],
  ["x-timeout=9", "off"],
  ["", "off"],
  [",,;", "off"],
  [" , timeout=5 , ", "4s"],
  ["max=0", "hint-max"],
  ["max=1", "hint-max"],
  ["max=2", "off"],
  ["max=-1", "off ?"],
  ["max=1, timeout=5", "hint-max"],
  ["timeout=5, max=abc", "4s ?"],
  ["parameter=value, timeout=5", "4s"],
];

function kept(outcome: string): string {
  const [limit = "", flawed] = outcome.split(" ");
  const ignored = flawed === undefined ? "" : "hint ignored #1 · ";
  return ignored + (limit.startsWith("hint-") ? `retired #1 ${limit}` : `released #1 keep ${limit}`);
}

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

/** Only the hint limits how long a connection is kept. */
const unlimited = { idleTimeout: Infinity, maxLifetime: Infinity } as const;

const vectors = values.map(
  ([value, outcome]): Scenario => ({
    name: `Keep-Alive: ${JSON.stringify(value)} means ${outcome}`,
    options: unlimited,
    server: always(ok("ok", "connection: keep-alive", `keep-alive: ${value}`)),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · ${kept(outcome)} · finished 1 200`,
  }),
);

const others: Scenario[] = [
  {
    name: "Without a Keep-Alive header the pool's own idleTimeout counts",
    options: { idleTimeout: "30s" },
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 30s · finished 1 200`,
  },
  {
    name: "A Keep-Alive header cannot lengthen the pool's own idleTimeout",
    options: { idleTimeout: "3s" },
    server: always(ok("ok", "keep-alive: timeout=60")),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 3s · finished 1 200`,
  },
  {
    name: "A Keep-Alive header is honoured without Connection: keep-alive",
    options: unlimited,
    server: always(ok("ok", "keep-alive: timeout=5")),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 4s · finished 1 200`,
  },
  {
    name: "Two Keep-Alive lines are both read",
    options: unlimited,
    server: always(ok("ok", "keep-alive: max=9", "Keep-Alive: timeout=5")),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 4s · finished 1 200`,
  },
  {
    name: "The hint of the last response counts",
    options: unlimited,
    async server(peer) {
      for (const timeout of [20, 5]) {
        await peer.request();
        await peer.send(ok("ok", `keep-alive: timeout=${timeout}`));
      }
      await peer.request();
      await peer.send(ok());
    },
    showsKeep: true,
    async client({ get }) {
      for (let at = 0; at < 3; at++) await get();
    },
    trace: `
      ${FIRST} · released #1 keep 19s · finished 1 200
      started 2 GET · acquired #1 request 2 · released #1 keep 4s · finished 2 200
      started 3 GET · acquired #1 request 3 · released #1 keep off · finished 3 200
    `,
  },
  {
    name: "HTTP/1.0 with keep-alive is kept for the announced time",
    options: unlimited,
    server: always(
      head(
        "200 OK",
        "connection: Keep-Alive",
        "keep-alive: timeout=15, max=100",
        "content-length: 0",
      ).replace("HTTP/1.1", "HTTP/1.0"),
    ),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 14s · finished 1 200`,
  },
  {
    name: "hintMargin is subtracted from the announced timeout",
    options: { ...unlimited, hintMargin: "10s" },
    server: always(ok("ok", "keep-alive: timeout=75")),
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `${FIRST} · released #1 keep 65s · finished 1 200`,
  },
  {
    name: "serverHints: ignore disregards timeout and max, but not Connection: close",
    options: { ...unlimited, serverHints: "ignore" },
    async server(peer) {
      await peer.request();
      await peer.send(ok("ok", "keep-alive: timeout=1, max=1"));
      await peer.request();
      await peer.send(ok("ok", "connection: close"));
    },
    showsKeep: true,
    async client({ get }) {
      await get();
      await get();
    },
    trace: `
      ${FIRST} · released #1 keep off · finished 1 200
      started 2 GET · acquired #1 request 2 · retired #1 peer-close · finished 2 200
    `,
  },
  {
    name: "serverHints may be a function",
    options: {
      ...unlimited,
      serverHints: ({ keepAlive, connection, requests }) => ({
        timeoutMs: keepAlive === "ten" && connection === "keep-alive" ? 10_000 : 0,
        remaining: 2 - requests,
      }),
    },
    server: always(ok("ok", "keep-alive: ten", "connection: keep-alive")),
    showsKeep: true,
    async client({ get }) {
      await get();
      await get();
    },
    trace: `
      ${FIRST} · released #1 keep 9s · finished 1 200
      started 2 GET · acquired #1 request 2 · retired #1 hint-max · finished 2 200
    `,
  },
];

export const hints: Scenario[] = [...vectors, ...others];
