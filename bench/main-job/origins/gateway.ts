/**
 * Gateway: a gateway whose own connection to the application became stale. After a long silence it accepts the next
 * request, passes it on (so it is executed), and closes without a response.
 */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

export const gateway: Habit = {
  name: "gateway",
  about: ({ idleLimitMs }) =>
    `after ${idleLimitMs} ms idle executes the next request, then hangs up unanswered`,
  pauses: ({ idleLimitMs }) => [
    { ms: idleLimitMs + 20 },
    { ms: idleLimitMs * 0.5 },
    { ms: idleLimitMs + 20 },
  ],
  start: ({ idleLimitMs }, time) =>
    rawServer({
      time,
      // A first request is never dropped, because only silence makes the gateway's own connection stale.
      reply: ({ requests, idleMs }) => (requests > 1 && idleMs >= idleLimitMs ? { drop: true } : {}),
    }),
};
