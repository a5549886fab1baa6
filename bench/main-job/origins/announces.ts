/** Apache httpd's habit: says how long it waits and how many requests are left, and means both. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** `Keep-Alive` counts in whole seconds; one would leave nothing once a client has taken off its margin. */
const TIMEOUT_S = 2;
/** httpd's own default is 100, too many for a short run to reach. */
const MAX = 20;

export const announces: Habit = {
  name: "announces",
  about: () => `says Keep-Alive: timeout=${TIMEOUT_S}, max=${MAX} counting down, and does as it says (httpd)`,
  // Inside what the hint leaves after a margin of 1 s, just outside it, and where the server itself gives up.
  pauses: () => [{ ms: 900 }, { ms: 1050 }, { ms: TIMEOUT_S * 1000 - 5, blockMs: 10 }, { ms: 400 }],
  start: (_times, time) =>
    rawServer({
      time,
      idleMs: TIMEOUT_S * 1000,
      reply({ requests, asksKeepAlive }) {
        // The response after max=1 closes, so a connection carries one request more than MAX.
        const left = MAX - requests + 1;
        if (left <= 0) return { close: true, headers: ["Connection: close"] };
        if (!asksKeepAlive) return {};
        const hint = `Keep-Alive: timeout=${TIMEOUT_S}, max=${left}`;
        return { headers: [hint, "Connection: Keep-Alive"] };
      },
    }),
};
