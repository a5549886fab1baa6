/** `http.Server` of Node, one for each setup in the argument. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import process from "node:process";
import type { Setups } from "../servers/listed.ts";
import type { SetupName } from "../servers/server-system.ts";

const setups: Setups = JSON.parse(process.argv[2] ?? "");
const ports = Object.entries(setups).map(async ([name, { maxRequestsPerSocket = 0, ...timeouts }]) => {
  const server = createServer(timeouts, (request, response) => {
    response.statusCode = request.url === "/missing" ? 404 : 200;
    response.setHeader("content-length", 2);
    response.end("ok");
  });
  server.maxRequestsPerSocket = Number(maxRequestsPerSocket);
  return [name as SetupName, await listen(server)] as const;
});

console.log(
  JSON.stringify({
    version: `node ${process.versions.node}`,
    ports: Object.fromEntries(await Promise.all(ports)),
  }),
);
process.stdin.on("end", () => process.exit(0)).resume();

function listen(server: ReturnType<typeof createServer>): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });
}
