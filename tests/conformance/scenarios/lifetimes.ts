/** Lifetimes: the rules by which the pool itself retires a connection. */

import { systemClock } from "../../../mod.ts";
import type { Peer } from "../harness/peer.ts";
import { always, inTurn, ok } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

/** Tells the client the `Connection` header of each request. */
async function tellConnection(peer: Peer): Promise<void> {
  for (;;) {
    const request = await peer.request();
    peer.signal("connection", request.header("connection"));
    await peer.send(ok());
  }
}

/** How far the wall clock is ahead of the monotonic clock, as after a suspension of the machine. */
let suspendedMs = 0;

export const lifetimes: Scenario[] = [
  {
    name: "A connection is retired when it has been idle for idleTimeout",
    options: { idleTimeout: 60 },
    async client({ get, until }) {
      await get();
      await until("retired #1 idle-timeout");
      await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      retired #1 idle-timeout
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
    `,
  },
  {
    name: "An idle connection is retired at maxLifetime",
    options: { maxLifetime: "3s", lifetimeJitter: 0 },
    async client({ get, until }) {
      await get();
      await until("retired #1 max-lifetime");
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      retired #1 max-lifetime
    `,
  },
  {
    name: "maxLifetime does not end a running exchange, but the connection after it",
    options: { maxLifetime: 50, lifetimeJitter: 0 },
    async server(peer) {
      await peer.request();
      await peer.wait("old enough");
      await peer.send(ok());
    },
    async client({ get, until, sleep, signal, note }) {
      const answer = get();
      await until("acquired #1 request 1");
      await sleep(80);
      signal("old enough");
      note(await answer);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      retired #1 max-lifetime · finished 1 200 · > ok
    `,
  },
  {
    name: "The jitter shortens maxLifetime",
    options: { maxLifetime: "1h", lifetimeJitter: 0.5, random: () => 0.5, idleTimeout: Infinity },
    showsKeep: true,
    async client({ get }) {
      await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 keep 45m · finished 1 200
    `,
  },
  {
    name: "A connection carries maxRequests requests, and the last one says Connection: close",
    options: { maxRequests: 2 },
    server: tellConnection,
    async client({ get, wait, note }) {
      for (let at = 0; at < 3; at++) {
        await get();
        note(await wait("connection"));
      }
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      > keep-alive
      started 2 GET · acquired #1 request 2 · retired #1 max-requests · finished 2 200
      > close
      started 3 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 3 200
      > keep-alive
    `,
  },
  {
    name: "A connection is retired before the timeout that the server announced",
    options: { hintMargin: "900ms" },
    server: always(ok("ok", "keep-alive: timeout=1")),
    async client({ get, until }) {
      await get();
      await until("retired #1 hint-timeout");
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      retired #1 hint-timeout
    `,
  },
  {
    name: "A constant max is the limit of the connection",
    server: always(ok("ok", "keep-alive: max=3")),
    async client({ get }) {
      for (let at = 0; at < 4; at++) await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200
      started 3 GET · acquired #1 request 3 · retired #1 hint-max · finished 3 200
      started 4 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 4 200
    `,
  },
  {
    name: "A falling max is the number of requests left",
    server: inTurn(
      ok("ok", "keep-alive: max=3"),
      ok("ok", "keep-alive: max=2"),
      ok("ok", "keep-alive: max=1"),
      ok("ok", "keep-alive: max=0"),
    ),
    async client({ get }) {
      for (let at = 0; at < 5; at++) await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200
      started 3 GET · acquired #1 request 3 · released #1 · finished 3 200
      started 4 GET · acquired #1 request 4 · retired #1 hint-max · finished 4 200
      started 5 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 5 200
    `,
  },
  {
    name: "A connection is retired before the age at which the server was seen to close",
    options: { learn: true },
    async server(peer) {
      await peer.request();
      await peer.send(ok());
      // After more than a second, like the limits of servers. Only once: the pool must retire the second connection.
      if (peer.n === 1) setTimeout(() => peer.end(), 1200);
    },
    async client({ get, until }) {
      await get();
      await until("retired #1 peer-closed");
      await get();
      await until("retired #2 learned-limit");
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      limit learned · retired #1 peer-closed
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1 · released #2 · finished 2 200
      retired #2 learned-limit
    `,
  },
  {
    name: "A connection that was idle while the machine was suspended is retired",
    options: { clock: { ...systemClock, wall: () => Date.now() + suspendedMs } },
    async client({ get }) {
      await get();
      suspendedMs = 3_600_000;
      await get();
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1 · released #1 · finished 1 200
      started 2 GET · retired #1 slept · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200
    `,
  },
];
