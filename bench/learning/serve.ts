/**
 * Serve: two servers on real sockets that do not announce their idle limit. The first closes idle connections. The
 * second forgets them, as a NAT gateway does, and answers the next packet with RST. The process ends with its stdin.
 */

import { createServer, type Socket } from "node:net";
import process from "node:process";

const limitMs = Number(process.argv[2]);

function serve(socket: Socket, silent: boolean): void {
  let forgotten = false;
  let timer: NodeJS.Timeout | undefined;
  socket.setNoDelay(true);
  socket.on("error", () => {}); // "close" follows
  socket.on("close", () => clearTimeout(timer));
  socket.on("data", () => {
    clearTimeout(timer);
    if (forgotten) return void socket.resetAndDestroy();
    socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    timer = setTimeout(() => {
      if (silent) forgotten = true;
      else socket.destroy();
    }, limitMs);
  });
}

function listen(silent: boolean): Promise<number> {
  const server = createServer((socket) => serve(socket, silent));
  return new Promise((resolve, reject) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("No port"));
      else resolve(address.port);
    });
  });
}

process.stdout.write(`${JSON.stringify({ closing: await listen(false), silent: await listen(true) })}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
