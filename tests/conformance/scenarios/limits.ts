/** Limits: how many connections may exist, and what happens to requests that find none. */

import { HoldfastError } from "../../../mod.ts";
import { ca } from "../harness/certs.ts";
import type { Peer } from "../harness/peer.ts";
import { echo, ok } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

/** Responds to each request when the client says so. */
async function onWord(peer: Peer): Promise<void> {
  for (;;) {
    const { path } = await peer.request();
    peer.signal(`arrived ${path}`);
    await peer.wait(`answer ${path}`);
    await peer.send(ok(path));
  }
}

export const limits: Scenario[] = [
  {
    name: "A request waits for the only allowed connection",
    options: { maxConnectionsPerOrigin: 1 },
    server: onWord,
    async client({ get, wait, signal, note }) {
      const [first, second] = [get("/1"), get("/2")];
      await wait("arrived /1");
      signal("answer /1");
      note(await first);
      await wait("arrived /2");
      signal("answer /2");
      note(await second);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1
      released #1 · acquired #1 request 2 · finished 1 200 · > /1
      released #1 · finished 2 200 · > /2
    `,
  },
  {
    name: "Waiters are served in order of arrival",
    options: { maxConnectionsPerOrigin: 1 },
    server: echo,
    async client({ get, note }) {
      await Promise.all(["/1", "/2", "/3", "/4"].map(async (path) => note(await get(path))));
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      started 3 GET · queued (3 waiting) · started 4 GET · queued (4 waiting)
      opened #1 · acquired #1 request 1
      released #1 · acquired #1 request 2 · finished 1 200 · > GET /1
      released #1 · acquired #1 request 3 · finished 2 200 · > GET /2
      released #1 · acquired #1 request 4 · finished 3 200 · > GET /3
      released #1 · finished 4 200 · > GET /4
    `,
  },
  {
    name: "Beyond maxQueue a request fails immediately",
    options: { maxConnectionsPerOrigin: 1, maxQueue: 1 },
    server: onWord,
    async client({ get, wait, signal, note, rejection }) {
      const first = get("/1");
      await wait("arrived /1");
      const second = get("/2");
      const error = await rejection(get("/3"));
      if (error instanceof HoldfastError) {
        const { pool, sent, retriable } = error;
        note(`${pool?.active} active, ${pool?.queued} queued, sent ${sent}, retriable ${retriable}`);
      }
      signal("answer /1");
      signal("answer /2");
      note((await first) + (await second));
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      started 2 GET · queued (1 waiting)
      started 3 GET · failed 3 ERR_QUEUE_FULL in queue
      > 1 active, 1 queued, sent none, retriable true
      released #1 · acquired #1 request 2 · finished 1 200
      released #1 · finished 2 200
      > /1/2
    `,
  },
  {
    name: "With maxQueue 0 a request may still open a connection",
    options: { maxConnectionsPerOrigin: 1, maxQueue: 0 },
    server: onWord,
    async client({ get, wait, signal, note, rejection }) {
      const first = get("/1");
      await wait("arrived /1");
      await rejection(get("/2"));
      signal("answer /1");
      note(await first);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      started 2 GET · failed 2 ERR_QUEUE_FULL in queue
      released #1 · finished 1 200
      > /1
    `,
  },
  {
    name: "A request takes a connection released before its own has opened, which then joins the pool",
    options: { tls: { ca } },
    speaks: "tls-held",
    server: onWord,
    async client({ get, wait, signal, until }) {
      signal("handshake 1");
      const first = get("/1");
      await wait("arrived /1");
      // A POST needs a liveness check on every runtime. On Node over TLS a GET needs one too.
      const second = get("/2", { method: "POST" });
      await wait("connected");
      await wait("connected");
      signal("answer /1");
      await first;
      signal("answer /2");
      await second;
      signal("handshake 2");
      await until("opened #2");
      signal("answer /3");
      await get("/3");
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      started 2 POST · queued (1 waiting)
      released #1 · finished 1 200 · acquired #1 request 2
      released #1 · finished 2 200
      opened #2
      started 3 GET · acquired #2 request 1 · released #2 · finished 3 200
    `,
  },
  {
    name: "An idle connection makes room for another origin",
    options: { maxConnections: 1 },
    origins: 2,
    async client({ pool, url }) {
      await (await pool.request(url("/", 0))).text();
      await (await pool.request(url("/", 1))).text();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 GET · retired #1 make-room · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200
    `,
  },
  {
    name: "A released connection makes room for a waiting origin",
    options: { maxConnections: 1 },
    origins: 2,
    server: onWord,
    async client({ pool, url, wait, signal, until }) {
      const first = pool.request(url("/1", 0));
      await wait("arrived /1");
      const second = pool.request(url("/2", 1));
      const third = pool.request(url("/3", 0));
      await until("started 3 GET");
      for (const path of ["/1", "/2", "/3"]) signal(`answer ${path}`);
      for (const answer of [first, second, third]) await (await answer).text();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      started 2 GET · queued (1 waiting)
      started 3 GET · queued (1 waiting)
      retired #1 make-room · finished 1 200
      opened #2 · acquired #2 request 1
      retired #2 make-room · finished 2 200
      opened #3 · acquired #3 request 1
      released #3 · finished 3 200
    `,
  },
  {
    name: "A connection too old for an unsafe request makes room for a fresh one",
    options: { maxConnectionsPerOrigin: 1, unsafeReuse: 20 },
    async client({ get, sleep }) {
      await get();
      await sleep(40);
      await get("/", { method: "POST", body: "x" });
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 POST · retired #1 make-room · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200
    `,
  },
  {
    name: "Above maxIdlePerOrigin the stalest idle connection is evicted",
    options: { maxIdlePerOrigin: 1 },
    server: onWord,
    async client({ get, wait, signal }) {
      const [first, second] = [get("/1"), get("/2")];
      await wait("arrived /1");
      await wait("arrived /2");
      signal("answer /1");
      await first;
      signal("answer /2");
      await second;
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · opened #2 · acquired #2 request 1
      released #1 · finished 1 200
      released #2 · retired #1 max-idle · finished 2 200
    `,
  },
  {
    name: "Above maxIdle the stalest idle connection of all origins is evicted",
    options: { maxIdle: 1 },
    origins: 2,
    async client({ pool, url }) {
      await (await pool.request(url("/", 0))).text();
      await (await pool.request(url("/", 1))).text();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · retired #1 max-idle · finished 2 200
    `,
  },
  {
    name: "With maxIdlePerOrigin 0 no connection is reused, and none is opened needlessly",
    options: { maxIdlePerOrigin: 0 },
    server: onWord,
    async client({ get, accepted, note, wait, signal }) {
      const [first, second] = [get("/1"), get("/2")];
      await wait("arrived /1");
      await wait("arrived /2");
      signal("answer /1");
      await first;
      signal("answer /2");
      await second;
      note(`${await accepted()} accepted`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting)
      opened #1 · acquired #1 request 1 · opened #2 · acquired #2 request 1
      retired #1 max-idle · finished 1 200
      retired #2 max-idle · finished 2 200
      > 2 accepted
    `,
  },
];
