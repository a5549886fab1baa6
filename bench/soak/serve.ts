/**
 * Serve: the soak's origins, in a process of their own. Prints its ports, then its number of open sockets whenever
 * asked.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import process from "node:process";
import { createInterface } from "node:readline";

/** Number of origins. Every second one has a short idle timeout, so that connections come and go. */
const ORIGINS = 24;
const PATIENT_MS = 20_000;
const IMPATIENT_MS = 300;
const SLOW_MS = 200;
const PIECE = Buffer.alloc(4096, "p");
const PIECES = 16;
const LARGE = Buffer.alloc(300_000, "l");

const sockets = new Set<Socket>();

/** Each path is explained in actions.ts, where it is requested. */
const PATHS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "/small": (response) => response.end("small"),
  "/large": (response) => response.end(LARGE),
  "/stream": (response) => sendPieces(response, PIECES),
  "/slow": (response) => void setTimeout(() => response.end("slow"), SLOW_MS),
  "/close": (response) => response.setHeader("connection", "close").end("close"),
  "/cut": (response) => {
    response.writeHead(200, { "content-length": "1000" }).write("cut");
    setTimeout(() => response.destroy(), 2);
  },
};

function serve(request: IncomingMessage, response: ServerResponse): void {
  request.on("error", () => {}); // aborted by the client, as it should be now and then
  response.on("error", () => {});
  request.resume().on("end", () => (PATHS[request.url ?? ""] ?? PATHS["/small"])?.(response));
}

function sendPieces(response: ServerResponse, left: number): void {
  if (left === 0 || response.destroyed) return void response.end();
  response.write(PIECE);
  setTimeout(sendPieces, 2, response, left - 1);
}

function listen(keepAliveTimeout: number): Promise<number> {
  const server: Server = createServer({ keepAliveTimeout }, serve);
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("No port"));
      else resolve(address.port);
    });
  });
}

const limits = Array.from({ length: ORIGINS }, (_, index) => (index % 2 === 0 ? PATIENT_MS : IMPATIENT_MS));
const ports = await Promise.all(limits.map(listen));
process.stdout.write(`${JSON.stringify({ ports })}\n`);
createInterface({ input: process.stdin })
  .on("line", () => process.stdout.write(`${JSON.stringify({ open: sockets.size })}\n`))
  .on("close", () => process.exit(0));
