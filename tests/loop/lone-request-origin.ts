/**
 * Run by lone-request.test.ts: an origin in a process of its own. For each request it makes the file that its path names, in
 * `<folder>`, when the kernel has the answer.
 *
 *     lone-request-origin.ts <folder>            prints the ports of plain TCP and of TLS
 */

import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { ok } from "../conformance/harness/responses.ts";

const [folder = ""] = process.argv.slice(2);

function serve(socket: Socket): void {
  let text = "";
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes: Uint8Array) => {
    text += new TextDecoder().decode(bytes);
    const heads = text.split("\r\n\r\n");
    text = heads.pop() ?? "";
    for (const head of heads) {
      const [, name = ""] = /^GET \/(\S+)/.exec(head) ?? [];
      socket.write(ok(name), () => writeFileSync(`${folder}/${name}`, ""));
    }
  });
}

async function portOf(server: Server): Promise<number> {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

const file = (name: string) => readFileSync(new URL(`../certs/${name}`, import.meta.url));
const secure = { key: file("server.key"), cert: file("server.pem") };
const ports = [await portOf(createServer(serve)), await portOf(createTlsServer(secure, serve))];
process.stdout.write(`${ports.join(" ")}\n`);
