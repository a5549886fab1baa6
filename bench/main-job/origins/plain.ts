/** Plain: a well-behaved server: the runtime's node:http, with a long timeout that it announces. */

import { createServer } from "node:http";
import type { Socket } from "node:net";
import { answerHeaders, bodyText } from "./answer.ts";
import { Ledger } from "./ledger.ts";
import type { Habit } from "./origin.ts";
import { listen } from "./raw-server.ts";

const TIMEOUT_MS = 65_000;

export const plain: Habit = {
  name: "plain",
  about: () => `node:http, keeps idle connections for ${TIMEOUT_MS / 1000} s and says so`,
  pauses: () => [{ ms: 100 }, { ms: 800 }, { ms: 2500 }],
  async start() {
    const ledger = new Ledger();
    const sockets = new Set<Socket>();
    const server = createServer({ keepAliveTimeout: TIMEOUT_MS }, (request, response) => {
      const { method = "", url = "", headers } = request;
      const id = String(headers["x-request-id"] ?? "");
      let received = 0;
      request.on("data", (bytes: Uint8Array) => {
        received += bytes.length;
      });
      request.on("end", () => {
        ledger.received(id, method);
        for (const [name, value] of answerHeaders(id, received)) response.setHeader(name, value);
        response.end(bodyText(id, url));
      });
    });
    server.on("connection", (socket) => {
      ledger.connected();
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    return {
      port: await listen(server),
      turnTo: (client) => ledger.turnTo(client),
      seen: (client) => ledger.seen(client),
      close: () => {
        server.close();
        for (const socket of sockets) socket.destroy();
      },
    };
  },
};
