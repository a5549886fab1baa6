/** Announces: like Apache httpd, it announces its idle timeout and the remaining requests, and keeps to both. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** `Keep-Alive` counts whole seconds. With one second, a client's margin would leave nothing. */
const TIMEOUT_S = 2;
/** httpd's default is 100, which a short run does not reach. */
const MAX = 20;

export const announces: Habit = {
  name: "announces",
  about: () => `says Keep-Alive: timeout=${TIMEOUT_S}, max=${MAX} counting down, and does as it says (httpd)`,
  // Within the hint minus a margin of 1 s, just beyond that, and at the server's own limit.
  pauses: () => [{ ms: 900 }, { ms: 1050 }, { ms: TIMEOUT_S * 1000 - 5, blockMs: 10 }, { ms: 400 }],
  start: (_times, time) =>
    rawServer({
      time,
      idleMs: TIMEOUT_S * 1000,
      reply({ requests, asksKeepAlive }) {
        // The response after max=1 closes, so a connection carries MAX + 1 requests.
        const left = MAX - requests + 1;
        if (left <= 0) return { close: true, headers: ["Connection: close"] };
        if (!asksKeepAlive) return {};
        const hint = `Keep-Alive: timeout=${TIMEOUT_S}, max=${left}`;
        return { headers: [hint, "Connection: Keep-Alive"] };
      },
    }),
};
