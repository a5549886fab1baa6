/** Silent: like HAProxy, Envoy and most load balancers, it closes idle connections and never announces when. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** Longer than the inaccuracy of both timers, so that the client does not see the close before it sends. */
const BLOCK_MS = 16;

export const silent: Habit = {
  name: "silent",
  about: ({ idleLimitMs }) => `closes after ${idleLimitMs} ms idle without a word (HAProxy, load balancers)`,
  // The close crosses the request on its way, or stays in the kernel while the program is busy.
  pauses: ({ idleLimitMs }) => [
    { ms: idleLimitMs - BLOCK_MS / 2, blockMs: BLOCK_MS },
    { ms: idleLimitMs },
    { ms: idleLimitMs - BLOCK_MS / 2, blockMs: BLOCK_MS },
    { ms: idleLimitMs * 0.6 },
  ],
  start: ({ idleLimitMs }, time) => rawServer({ time, idleMs: idleLimitMs, reply: () => ({}) }),
};
