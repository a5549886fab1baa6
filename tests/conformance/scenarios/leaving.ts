/**
 * Leaving: every way in which a program stops reading an endless body, with every framing. The server must see the end of the
 * connection soon, whatever it sends meanwhile.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { LARGE } from "../harness/flow.ts";
import type { Peer } from "../harness/peer.ts";
import { head, okHead } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

type Leave = (act: Act) => Promise<void>;

const WAYS: Readonly<Record<string, Leave>> = {
  "discard()": async ({ request }) => (await request()).discard(),
  "the cancel() of a request's body": async ({ request }) => (await request()).body.cancel(),
  "break in a request's body": async ({ request }) => {
    for await (const _ of (await request()).body) break;
  },
  "the cancel() of a fetch body": async ({ pool, url }) => (await pool.fetch(url())).body?.cancel(),
  "the cancel() of its reader": async ({ pool, url }) => {
    const reader = (await pool.fetch(url())).body?.getReader();
    await reader?.read();
    await reader?.cancel();
  },
  "break in a fetch body": async ({ pool, url }) => {
    for await (const _ of (await pool.fetch(url())).body ?? []) break;
  },
  "both halves of a clone": async ({ pool, url }) => {
    const response = await pool.fetch(url());
    await Promise.all([response.clone().body?.cancel(), response.body?.cancel()]);
  },
};

/** The first bytes of the server, and the bytes it repeats. */
const FRAMINGS: Readonly<Record<string, readonly [first: string, drop: string]>> = {
  "a small rest that drips": [`${okHead(5000)}some`, "x"],
  "a large rest": [`${okHead(LARGE)}some`, "more and more"],
  "a chunked stream": [`${head("200 OK", "transfer-encoding: chunked")}4\r\nsome\r\n`, "4\r\nmore\r\n"],
  "a stream until the connection ends": ["HTTP/1.1 200 OK\r\n\r\nsome", "more"],
};

/** Sends endlessly, until the client has ended the connection. */
function dripping([first, drop]: readonly [string, string]): (peer: Peer) => Promise<void> {
  return async (peer) => {
    await peer.request();
    await peer.send(first);
    let gone = false;
    void peer.gone().then(() => {
      gone = true;
    });
    while (!gone) {
      await peer.send(drop);
      await sleep(20);
    }
    peer.signal("gone");
  };
}

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

export const leaving: Scenario[] = Object.entries(WAYS).flatMap(([way, leave]) =>
  Object.entries(FRAMINGS).map(([framing, sent]) => ({
    name: `A body left by ${way}, with ${framing}, releases its server`,
    server: dripping(sent),
    async client(act: Act) {
      await leave(act);
      await act.until("finished 1 200");
      await act.wait("gone");
      const { active, open } = act.pool.stats();
      act.note(`${active} active, ${open} open`);
    },
    trace: `${FIRST} · retired #1 unread-body · finished 1 200 · > 0 active, 0 open`,
  })),
);
