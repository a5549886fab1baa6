/** Processes: a program with idle connections ends by itself when its work is done, and not before. */

import { existsSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { marks } from "../harness/marks.ts";
import { ok, okHead } from "../harness/responses.ts";
import type { Act, Scenario } from "../harness/scenario.ts";

/** Runs a child and notes its trace and how it ended. */
async function child({ spawn, note }: Act, task: string): Promise<void> {
  const { code, output } = await spawn(task);
  for (const line of output) note(line);
  note(`exit code ${code}`);
}

export const processes: Scenario[] = [
  {
    name: "A process with an idle connection ends by itself",
    async server(peer) {
      await peer.request();
      await peer.send(ok());
      await peer.gone();
      peer.signal("gone");
    },
    async client(act) {
      await child(act, "idle");
      await act.wait("gone");
    },
    trace: `
      > started 1 GET · > queued (1 waiting) · > opened #1 · > acquired #1 request 1
      > released #1 · > finished 1 200 · > done
      > exit code 0
    `,
  },
  {
    name: "A process with unused connections ends by itself",
    client: (act) => child(act, "preconnected"),
    trace: "> opened #1 · > opened #2 · > done · > exit code 0",
  },
  {
    name: "A process does not end while a request runs on a connection that was idle",
    async server(peer) {
      for (let at = 1; ; at++) {
        await peer.request();
        if (at === 2) await sleep(500);
        await peer.send(ok(`answer ${at}`));
      }
    },
    client: (act) => child(act, "reused"),
    trace: `
      > started 1 GET · > queued (1 waiting) · > opened #1 · > acquired #1 request 1
      > released #1 · > finished 1 200
      > started 2 GET · > acquired #1 request 2
      > released #1 · > finished 2 200 · > answer 2 · > done
      > exit code 0
    `,
  },
  {
    name: "A process that discarded a response body ends by itself",
    async server(peer) {
      await peer.request();
      await peer.send(`${okHead(20)}first half`);
    },
    client: (act) => child(act, "discarded"),
    trace: `
      > started 1 GET · > queued (1 waiting) · > opened #1 · > acquired #1 request 1 · > done
      > exit code 0
    `,
  },
  {
    name: "A close while the event loop was blocked is noticed before an unsafe request",
    async server(peer) {
      const { method } = await peer.request();
      await peer.send(ok(`${method} on connection ${peer.n}`));
      if (peer.n > 1) return;
      // The child's event loop is blocked from one file to the other.
      const { blocked, closed } = marks(peer.serverPort);
      while (!existsSync(blocked)) await sleep(20);
      await peer.ended();
      writeFileSync(closed, "");
    },
    client: (act) => child(act, "blocked"),
    trace: `
      > started 1 GET · > queued (1 waiting) · > opened #1 · > acquired #1 request 1
      > released #1 · > finished 1 200
      > started 2 POST · > retired #1 peer-closed · > opened #2 · > acquired #2 request 1
      > released #2 · > finished 2 200 · > POST on connection 2 · > done
      > exit code 0
    `,
  },
  ...(["closes", "resets"] as const).map(
    (what): Scenario => ({
      name: `A POST that waits for others to be written is sent again if its server ${what} the connection`,
      async server(peer) {
        for (let last = ""; last !== "/2"; ) {
          const { method, path } = await peer.request();
          last = path;
          await peer.send(ok(`${method} ${path}`));
        }
        // The child's event loop is blocked from one file to the other. It has begun its POST on this connection.
        const { blocked, closed } = marks(peer.serverPort);
        while (!existsSync(blocked)) await sleep(20);
        if (what === "closes") await peer.ended();
        else peer.reset();
        writeFileSync(closed, "");
      },
      client: (act) => child(act, "held"),
      trace: `
        > opened #1 · > opened #2
        > started 1 GET · > acquired #1 request 1 · > released #1 · > finished 1 200
        > started 2 GET · > acquired #2 request 1 · > released #2 · > finished 2 200
        > started 3 GET · > acquired #1 request 2 · > released #1 · > finished 3 200
        > started 4 POST · > acquired #2 request 2 · > retired #2 peer-closed · > retried 4 not-sent
        > queued (1 waiting) · > opened #3 · > acquired #3 request 1 · > released #3 · > finished 4 200
        > POST / · > done
        > exit code 0
      `,
    }),
  ),
];
