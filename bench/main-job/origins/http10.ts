/** HTTP/1.0: one connection per request, or keep-alive if both sides say so. */

import type { Habit } from "./origin.ts";
import { rawServer } from "./raw-server.ts";

const PAUSES = [{ ms: 200 }, { ms: 700 }] as const;

export const http10: Habit = {
  name: "http/1.0",
  about: () => "HTTP/1.0 without keep-alive: the end of the connection ends the body",
  pauses: () => PAUSES,
  start: (_times, time) =>
    rawServer({ time, version: "1.0", reply: () => ({ close: true, untilClose: true }) }),
};

export const http10KeepAlive: Habit = {
  name: "http/1.0 ka",
  about: () => "HTTP/1.0 with Connection: keep-alive for clients that say it too",
  pauses: () => PAUSES,
  start: (_times, time) =>
    rawServer({
      time,
      version: "1.0",
      reply: ({ asksKeepAlive }) =>
        asksKeepAlive
          ? { headers: ["Connection: keep-alive"] }
          : { close: true, headers: ["Connection: close"] },
    }),
};
