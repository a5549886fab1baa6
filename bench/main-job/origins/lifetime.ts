/**
 * Lifetime: like nginx, it sends `close` with the next response of an old connection, or of one that carried many
 * requests.
 */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

/** `keepalive_requests`, which is 1000 in nginx. */
const MAX_REQUESTS = 60;

export const lifetime: Habit = {
  name: "lifetime",
  about: ({ lifetimeMs }) =>
    `says close once a connection is ${lifetimeMs} ms old or carried ${MAX_REQUESTS} requests (nginx)`,
  pauses: ({ lifetimeMs }) => [{ ms: lifetimeMs * 0.4 }, { ms: lifetimeMs * 0.7 }, { ms: lifetimeMs * 1.1 }],
  start: ({ lifetimeMs }, time) =>
    rawServer({
      time,
      reply({ requests, ageMs }) {
        const close = requests >= MAX_REQUESTS || ageMs >= lifetimeMs;
        return { close, headers: [`Connection: ${close ? "close" : "keep-alive"}`] };
      },
    }),
};
