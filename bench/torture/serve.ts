/** Serve: the torture server's process. It reads lines on stdin, and ends with it. */

import { createServer, type Server, type Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";
import { PROFILES } from "./faults.ts";
import { Ledger } from "./ledger.ts";
import { type Ask, type Ready, type Report, toBase64 } from "./protocol.ts";
import { ServerConnection } from "./server-connection.ts";

let ledger = new Ledger(0);
const sockets = new Set<Socket>();

const servers = await Promise.all(PROFILES.map(({ limitMs }) => listen(limitMs)));
const ports = servers.map(portOf);
tell({ ports });

createInterface({ input: process.stdin })
  .on("line", (line) => obey(JSON.parse(line) as Ask))
  .on("close", () => process.exit(0));

function obey(ask: Ask): void {
  if (ask.ask === "turn-to") {
    // Sockets that the last client left open must not count for the next one.
    for (const socket of sockets) socket.destroy();
    ledger = new Ledger(ask.size);
    return tell({ ports });
  }
  tell({
    executions: toBase64(ledger.executions),
    fates: toBase64(ledger.fates),
    open: sockets.size,
    connections: ledger.connections,
    requests: ledger.requests,
  });
}

function tell(message: Ready | Report): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function listen(limitMs: number | undefined): Promise<Server> {
  const server = createServer((socket) => {
    sockets.add(socket);
    ledger.connections += 1;
    socket.on("close", () => sockets.delete(socket));
    new ServerConnection(socket, () => ledger, limitMs);
  });
  return new Promise((resolve) =>
    server.listen({ port: 0, host: "127.0.0.1", backlog: 1024 }, () => resolve(server)),
  );
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The torture server has no port");
  return address.port;
}
