/** Ending: preconnect, drain and close. */

import { ca } from "../harness/certs.ts";
import type { Peer } from "../harness/peer.ts";
import { ok, okHead } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

/** Responds to each request when the client says so. */
async function onWord(peer: Peer): Promise<void> {
  for (;;) {
    const { path } = await peer.request();
    peer.signal("arrived");
    await peer.wait(`answer ${path}`);
    await peer.send(ok(path));
  }
}

const preconnecting: Scenario[] = [
  {
    name: "preconnect opens connections that the next requests use",
    server: onWord,
    async client({ pool, url, get, wait, signal, note }) {
      await pool.preconnect(url(), 2);
      note(`${pool.stats().idle} idle`);
      const first = get("/1");
      // Not both at the same time: a connection that was idle for a millisecond needs a liveness check first.
      await wait("arrived");
      const second = get("/2");
      await wait("arrived");
      signal("answer /1");
      note(await first);
      signal("answer /2");
      note(await second);
    },
    trace: `
      opened #1 · opened #2 · > 2 idle
      started 1 GET · acquired #2 request 1 · started 2 GET · acquired #1 request 1
      released #2 · finished 1 200 · > /1
      released #1 · finished 2 200 · > /2
    `,
  },
  {
    name: "preconnect counts existing connections",
    async client({ pool, url, get, note }) {
      await get();
      await pool.preconnect(url(), 2);
      await pool.preconnect(url(), 2);
      note(`${pool.stats().idle} idle, ${pool.stats().opened} opened`);
    },
    trace: `${FIRST} · released #1 · finished 1 200
      opened #2 · > 2 idle, 2 opened
    `,
  },
  {
    name: "preconnect respects the limits and evicts no connection",
    options: { maxConnectionsPerOrigin: 1 },
    async client({ pool, url, note }) {
      await pool.preconnect(url(), 3);
      note(`${pool.stats().idle} idle`);
    },
    trace: "opened #1 · > 1 idle",
  },
  {
    name: "preconnect rejects if nothing listens",
    async client({ pool, rejection, note }) {
      const error = await rejection(pool.preconnect("http://127.0.0.1:1"));
      note(Object(error).code);
    },
    trace: "retired #1 connect-failed · > ERR_CONNECT",
  },
];

const draining: Scenario[] = [
  {
    name: "drain retires idle connections immediately",
    async client({ pool, get }) {
      await get();
      pool.drain();
      await get();
    },
    trace: `${FIRST} · released #1 · finished 1 200
      retired #1 origin-drained
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
    `,
  },
  {
    name: "drain lets a running exchange finish",
    server: onWord,
    async client({ pool, url, get, wait, signal, note }) {
      const answer = get("/1");
      await wait("arrived");
      pool.drain(url());
      signal("answer /1");
      note(await answer);
    },
    trace: `${FIRST}
      retired #1 origin-drained · finished 1 200 · > /1
    `,
  },
  {
    name: "drain keeps waiters, which get new connections",
    options: { maxConnectionsPerOrigin: 1 },
    server: onWord,
    async client({ pool, get, wait, signal }) {
      const first = get("/1");
      await wait("arrived");
      const second = get("/2");
      pool.drain();
      signal("answer /1");
      await first;
      signal("answer /2");
      await second;
    },
    trace: `${FIRST}
      started 2 GET · queued (1 waiting)
      retired #1 origin-drained · finished 1 200
      opened #2 · acquired #2 request 1 · released #2 · finished 2 200
    `,
  },
  {
    name: "drain of one origin does not affect the others",
    origins: 2,
    async client({ pool, url }) {
      for (const origin of [0, 1]) await (await pool.request(url("/", origin))).text();
      pool.drain(url("/", 0));
      for (const origin of [1]) await (await pool.request(url("/", origin))).text();
    },
    trace: `${FIRST} · released #1 · finished 1 200
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
      retired #1 origin-drained
      started 3 GET · acquired #2 request 2 · released #2 · finished 3 200
    `,
  },
];

const closing: Scenario[] = [
  {
    name: "close retires idle connections and refuses later requests",
    async server(peer) {
      await peer.request();
      await peer.send(ok());
      await peer.gone();
      peer.signal("gone");
    },
    async client({ pool, get, wait, rejection }) {
      await get();
      await pool.close();
      await wait("gone");
      await rejection(get());
    },
    trace: `${FIRST} · released #1 · finished 1 200
      retired #1 pool-closed
      started 2 GET · failed 2 ERR_POOL_CLOSED in queue
    `,
  },
  {
    name: "close waits for running exchanges",
    server: onWord,
    async client({ pool, get, wait, signal, note }) {
      const answer = get("/1");
      await wait("arrived");
      const closed = pool.close({ timeout: Infinity }).then(() => note("closed"));
      signal("answer /1");
      note(await answer);
      await closed;
    },
    trace: `${FIRST}
      retired #1 pool-closed · finished 1 200 · > closed · > /1
    `,
  },
  {
    name: "close ends running exchanges after its timeout",
    server: onWord,
    async client({ pool, get, wait, rejection, note }) {
      const answer = get("/1");
      const error = rejection(answer);
      await wait("arrived");
      await pool.close({ timeout: "50ms" });
      note("closed");
      await error;
    },
    trace: `${FIRST}
      retired #1 pool-closed · failed 1 ERR_POOL_CLOSED in headers · > closed
    `,
  },
  {
    name: "close ends a response body after its timeout",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(100)}some`);
    },
    async client({ pool, request, rejection, note }) {
      const answer = await request();
      const rest = rejection(answer.text());
      await pool.close({ timeout: 0 });
      note(Object(await rest).code);
    },
    trace: `${FIRST}
      retired #1 pool-closed · failed 1 ERR_POOL_CLOSED in body · > ERR_POOL_CLOSED
    `,
  },
  {
    name: "close rejects waiters",
    options: { maxConnectionsPerOrigin: 1 },
    server: onWord,
    async client({ pool, get, wait, signal, rejection }) {
      const first = get("/1");
      await wait("arrived");
      const second = rejection(get("/2"));
      const closed = pool.close();
      await second;
      signal("answer /1");
      await first;
      await closed;
    },
    trace: `${FIRST}
      started 2 GET · queued (1 waiting)
      failed 2 ERR_POOL_CLOSED in queue
      retired #1 pool-closed · finished 1 200
    `,
  },
  {
    name: "close aborts a connect attempt",
    options: { tls: { ca } },
    speaks: "tls-held",
    async client({ pool, get, wait, rejection, note }) {
      const answer = rejection(get());
      await wait("connected");
      await pool.close({ timeout: Infinity });
      note("closed");
      await answer;
    },
    trace: `
      started 1 GET · queued (1 waiting)
      failed 1 ERR_POOL_CLOSED in queue · retired #1 pool-closed · > closed
    `,
  },
  {
    name: "A pool that was closed before its first use opens nothing",
    async client({ pool, get, rejection, note, accepted }) {
      await pool.close();
      await rejection(get());
      note(`${await accepted()} accepted`);
    },
    trace: "started 1 GET · failed 1 ERR_POOL_CLOSED in queue · > 0 accepted",
  },
];

export const ending: Scenario[] = [...preconnecting, ...draining, ...closing];
