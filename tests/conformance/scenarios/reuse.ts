/** Reuse: which connection a request gets. */

import type { Peer } from "../harness/peer.ts";
import { echo, ok } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

/** Responds when the client says so, on any connection. */
async function onWord(peer: Peer): Promise<void> {
  for (;;) {
    const { path } = await peer.request();
    peer.signal("arrived", path);
    await peer.wait(`answer ${path}`);
    await peer.send(ok(path));
  }
}

/** Opens three connections, which become idle in the order of their numbers. */
async function threeIdle({ get, wait, signal }: Act): Promise<void> {
  const answers = ["/1", "/2", "/3"].map((path) => get(path));
  for (const _ of answers) await wait("arrived");
  for (const [at, answer] of answers.entries()) {
    signal(`answer /${at + 1}`);
    await answer;
  }
}

const THREE_IDLE = `
  started 1 GET · queued (1 waiting) · started 2 GET · queued (2 waiting) · started 3 GET · queued (3 waiting)
  opened #1 · acquired #1 request 1
  opened #2 · acquired #2 request 1
  opened #3 · acquired #3 request 1
  released #1 · finished 1 200
  released #2 · finished 2 200
  released #3 · finished 3 200
`;

async function oneMore({ request, note, wait, signal }: Act): Promise<void> {
  const answer = request("/4");
  await wait("arrived");
  signal("answer /4");
  const { connection } = await answer;
  note(`request ${connection.requestNumber} on its connection, reused: ${connection.reused}`);
}

export const reuse: Scenario[] = [
  {
    name: "Sequential requests share one connection",
    server: echo,
    async client({ get, note, accepted }) {
      note(await get("/1"));
      note(await get("/2", { method: "DELETE" }));
      note(await get("/3", { method: "POST", body: "a body" }));
      note(`${await accepted()} accepted`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > GET /1
      started 2 DELETE · acquired #1 request 2 · released #1 · finished 2 200 · > DELETE /2
      started 3 POST · acquired #1 request 3 · released #1 · finished 3 200 · > POST /3
      > 1 accepted
    `,
  },
  {
    name: "Parallel requests get separate connections",
    server: onWord,
    client: threeIdle,
    trace: THREE_IDLE,
  },
  {
    name: "By default the connection used last is taken",
    server: onWord,
    async client(act) {
      await threeIdle(act);
      await oneMore(act);
    },
    trace: `${THREE_IDLE}
      started 4 GET · acquired #3 request 2 · released #3 · finished 4 200
      > request 2 on its connection, reused: true
    `,
  },
  {
    name: "With fifo the connection that was idle longest is taken",
    options: { reuseOrder: "fifo" },
    server: onWord,
    async client(act) {
      await threeIdle(act);
      await oneMore(act);
    },
    trace: `${THREE_IDLE}
      started 4 GET · acquired #1 request 2 · released #1 · finished 4 200
      > request 2 on its connection, reused: true
    `,
  },
  {
    name: "A request that wants no other beside it gets a connection of its own, which ends with it",
    server: echo,
    async client({ get, note, accepted }) {
      note(await get("/1"));
      note(await get("/2", { reuse: false }));
      note(await get("/3"));
      note(`${await accepted()} accepted`);
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > GET /1
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      retired #2 single-use · finished 2 200 · > GET /2
      started 3 GET · acquired #1 request 2 · released #1 · finished 3 200 · > GET /3
      > 2 accepted
    `,
  },
];
