/** Addresses: hostnames with several addresses, hostnames that move, and Unix sockets. */

import { ok } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

const FIRST = "started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1";

/** Sends a request to a hostname, on the port of the scenario. */
async function byName({ pool, url, note }: Act, path = "/"): Promise<void> {
  const response = await pool.request(url(path).replace("127.0.0.1", "service.test"));
  note(`${await response.text()} from ${response.connection.remoteAddress}`);
}

/** The current address of the hostname. Each scenario runs once in a process. */
const moved = { idle: ["127.0.0.1"], active: ["127.0.0.1"] };

/** DNS answers since the hostname of the active connection moved. */
let answeredSince = 0;

function activeAddresses(): string[] {
  if (moved.active[0] !== "127.0.0.1") answeredSince += 1;
  return moved.active;
}

export const addresses: Scenario[] = [
  {
    name: "Each unreachable address costs one connect attempt",
    // TEST-NET-1 is not routed (RFC 5737): the attempt fails immediately or never ends. Nothing listens at the others.
    options: { resolve: () => ["192.0.2.1", "127.0.0.9", "127.0.0.8", "127.0.0.1"] },
    client: (act) => byName(act),
    trace: `${FIRST} · released #1 · finished 1 200 · > ok from 127.0.0.1`,
  },
  {
    name: "A hostname without a reachable address cannot be connected to",
    options: { resolve: () => ["127.0.0.9", "127.0.0.8"] },
    client: ({ rejection, pool, url }) =>
      rejection(pool.request(url().replace("127.0.0.1", "service.test"))).then(() => {}),
    trace: "started 1 GET · queued (1 waiting) · retired #1 connect-failed · failed 1 ERR_CONNECT in connect",
  },
  {
    name: "An idle connection is retired when its hostname has moved",
    options: { resolve: () => moved.idle, dnsRefresh: 100 },
    async client(act) {
      await byName(act);
      moved.idle = ["127.0.0.9"];
      await act.until("retired #1 address-gone");
      moved.idle = ["127.0.0.1"];
      await byName(act);
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok from 127.0.0.1 · retired #1 address-gone
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200 · > ok from 127.0.0.1
    `,
  },
  {
    name: "An active connection is retired after its exchange when its hostname has moved",
    options: { resolve: activeAddresses, dnsRefresh: 100 },
    async server(peer) {
      await peer.request();
      peer.signal("asked");
      await peer.wait("moved");
      await peer.send(ok());
    },
    async client(act) {
      const answer = byName(act);
      await act.wait("asked");
      moved.active = ["127.0.0.9"];
      // A second query means that the first answer was received.
      while (answeredSince < 2) await act.sleep(20);
      act.signal("moved");
      await answer;
    },
    trace: `${FIRST} · retired #1 address-gone · finished 1 200 · > ok from 127.0.0.1`,
  },
  {
    name: "A Unix socket is reused like any other",
    unix: true,
    options: ({ unixPath }) => ({ unixPath }),
    needs: ({ can }) => (can.unix ? undefined : "the transport has no Unix sockets"),
    async client({ get, note, accepted }) {
      note(await get());
      note(await get());
      note(await accepted());
    },
    trace: `${FIRST} · released #1 · finished 1 200 · > ok
      started 2 GET · acquired #1 request 2 · released #1 · finished 2 200 · > ok · > 1
    `,
  },
];
