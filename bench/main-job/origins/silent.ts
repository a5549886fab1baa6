/** The habit of HAProxy, Envoy and most load balancers: closes idle connections and never says when. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** Long enough to hide the server's timer from the client, whose own may be a millisecond off. */
const BLOCK_MS = 16;

export const silent: Habit = {
  name: "silent",
  about: ({ idleLimitMs }) => `closes after ${idleLimitMs} ms idle without a word (HAProxy, load balancers)`,
  // The close meets the request on its way, or waits unseen in the kernel while the program is busy.
  pauses: ({ idleLimitMs }) => [
    { ms: idleLimitMs - BLOCK_MS / 2, blockMs: BLOCK_MS },
    { ms: idleLimitMs },
    { ms: idleLimitMs - BLOCK_MS / 2, blockMs: BLOCK_MS },
    { ms: idleLimitMs * 0.6 },
  ],
  start: ({ idleLimitMs }, time) => rawServer({ time, idleMs: idleLimitMs, reply: () => ({}) }),
};
