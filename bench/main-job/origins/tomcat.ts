/** Tomcat: counts requests without announcing it. The last response of a connection says `close`. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** `maxKeepAliveRequests`, which is 100 in Tomcat. */
const MAX_REQUESTS = 25;
/** `keepAliveTimeout` of the server.xml that ships with Tomcat. */
const TIMEOUT_S = 20;

export const tomcat: Habit = {
  name: "tomcat",
  about: () => `takes ${MAX_REQUESTS} requests per connection; the last response says close (Tomcat)`,
  pauses: () => [{ ms: 300 }, { ms: 1200 }, { ms: 2500 }],
  start: (_times, time) =>
    rawServer({
      time,
      idleMs: TIMEOUT_S * 1000,
      reply({ requests, asksKeepAlive }) {
        if (requests >= MAX_REQUESTS) return { close: true, headers: ["Connection: close"] };
        // Tomcat announces its timeout only to clients that say keep-alive themselves.
        if (!asksKeepAlive) return {};
        return { headers: [`Keep-Alive: timeout=${TIMEOUT_S}`, "Connection: keep-alive"] };
      },
    }),
};
