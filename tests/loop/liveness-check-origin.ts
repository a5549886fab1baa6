/**
 * Run by liveness-check.test.ts: an origin in a process of its own, which sends unsolicited responses while the client is
 * busy. For the n-th connection it makes the file `<folder>/<n>` when the kernel has all of them.
 *
 *     liveness-check-origin.ts <folder>            prints the ports of plain TCP and of TLS
 *
 * Paths:
 *
 * - `/together`: the answer and an unsolicited one, at once.
 * - `/behind?<n>`: the unsolicited one follows when the file `<folder>/go<n>` exists.
 * - `/<size>`: together, and the answer ends where a read of `<size>` bytes ends.
 * - Other paths, and every second request: `answer <request> on connection <n>`.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { ok, okHead } from "../conformance/harness/responses.ts";

const [folder = ""] = process.argv.slice(2);
let connections = 0;

function behind(socket: Socket, go: string, done: () => void): void {
  if (existsSync(`${folder}/go${go}`)) socket.write(ok("stray"), done);
  else setTimeout(() => behind(socket, go, done), 1);
}

function answer(socket: Socket, path: string, said: string, sent: () => void): void {
  const size = Number(path.slice(1));
  if (path.startsWith("/behind?")) {
    socket.write(ok(said));
    behind(socket, path.slice("/behind?".length), sent);
  } else if (path === "/together") {
    socket.cork(); // one segment; over TLS two records in it
    socket.write(ok(said));
    socket.write(ok("stray"), sent);
    socket.uncork();
  } else if (size > 0) {
    const length = size - okHead(size).length;
    socket.write(`${okHead(length)}${"x".repeat(length)}${ok("stray")}`, sent);
  } else {
    socket.write(ok(said));
  }
}

function serve(socket: Socket): void {
  const n = ++connections;
  let requests = 0;
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes: Uint8Array) => {
    const path = /^[A-Z]+ (\S+)/.exec(new TextDecoder().decode(bytes))?.[1];
    if (path === undefined) return;
    requests += 1;
    const said = `answer ${requests} on connection ${n}`;
    if (requests > 1 || n % 2 === 0) socket.write(ok(said));
    else answer(socket, path, said, () => writeFileSync(`${folder}/${n}`, ""));
  });
}

const certs = new URL("../certs/", import.meta.url);
const [cert, key] = ["server.pem", "server.key"].map((name) => readFileSync(new URL(name, certs)));
const plain = createServer(serve).listen(0, "127.0.0.1", () => {
  const secure = createTlsServer({ cert, key }, serve).listen(0, "127.0.0.1", () => {
    const ports = [plain, secure].map((server) => (server.address() as { port: number }).port);
    console.log(ports.join(" "));
  });
});
