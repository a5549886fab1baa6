/** Idle: a server closes an idle connection or sends bytes on it. The connection is never used again. */

import type { RetireReason } from "../../../mod.ts";
import type { Peer } from "../harness/peer.ts";
import { ok } from "../harness/responses.ts";
import type { Scenario } from "../harness/scenario.ts";

/** An event on the first connection while it is idle, and the retire reason. */
const events: readonly (readonly [name: string, reason: RetireReason, happen: (peer: Peer) => unknown])[] = [
  ["A FIN", "peer-closed", (peer) => peer.end()],
  ["An RST", "peer-closed", (peer) => peer.reset()],
  ["A stray byte", "unsolicited-data", (peer) => peer.send("x")],
  ["A stray CR LF", "unsolicited-data", (peer) => peer.send("\r\n")],
  ["A stray response", "unsolicited-data", (peer) => peer.send(ok("poison"))],
  ["A stray 408 with a FIN", "unsolicited-data", (peer) => peer.send(REQUEST_TIMEOUT).then(() => peer.end())],
];

/** nginx and HAProxy are known to send this response on idle connections. */
const REQUEST_TIMEOUT = "HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

export const idle: Scenario[] = events.flatMap(([name, reason, happen]) => [
  {
    name: `${name} on an idle connection retires it`,
    async server(peer) {
      await peer.request();
      await peer.send(ok("first"));
      if (peer.n > 1) return;
      await peer.wait("now");
      await happen(peer);
    },
    async client({ get, note, until, signal }) {
      note(await get());
      signal("now");
      await until(`retired #1 ${reason}`);
      note(await get());
    },
    trace: `
      started 1 GET · queued (1 waiting) · opened #1 · acquired #1 request 1
      released #1 · finished 1 200 · > first
      retired #1 ${reason}
      started 2 GET · queued (1 waiting) · opened #2 · acquired #2 request 1
      released #2 · finished 2 200 · > first
    `,
  },
]);
