/**
 * Run by liveness-check.test.ts: an origin in a process of its own, which sends unsolicited responses while the client is
 * busy.
 *
 *     liveness-check-origin.ts <folder>            prints the ports of plain TCP and of TLS
 *
 * A test has a key, and they talk by files, because a busy client hears nothing else: `<folder>/asked-<key>` says that its first
 * request came, `go-<key>` allows the origin to send what is unsolicited, and `sent-<key>` says that the kernel has all of it.
 *
 * Paths of a first request:
 *
 * - `/together?<key>`: the answer and an unsolicited one, at once.
 * - `/<size>?<key>`: together, and the answer ends where a read of `<size>` bytes ends.
 * - `/behind?<key>`: the answer is sent at once, and the unsolicited one when that is allowed.
 * - Other paths, and every further request: `answer <request>`, which counts the requests of a connection.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { ok, okHead } from "../conformance/harness/responses.ts";

const [folder = ""] = process.argv.slice(2);

function makeFile(name: string): void {
  writeFileSync(`${folder}/${name}`, "");
}

function whenFile(name: string, callback: () => void): void {
  if (existsSync(`${folder}/${name}`)) callback();
  else setTimeout(() => whenFile(name, callback), 1);
}

/** Sends the answer and an unsolicited one, so that they arrive together. */
function together(socket: Socket, kind: string, sent: () => void): void {
  if (kind === "together") {
    socket.cork(); // one segment; over TLS two records in it
    socket.write(ok("answer 1"));
    socket.write(ok("stray"), sent);
    socket.uncork();
  } else {
    const size = Number(kind);
    const length = size - okHead(size).length;
    socket.write(`${okHead(length)}${"x".repeat(length)}${ok("stray")}`, sent);
  }
}

function answerFirst(socket: Socket, kind: string, key: string): void {
  const sent = (): void => makeFile(`sent-${key}`);
  if (kind === "behind") socket.write(ok("answer 1"));
  makeFile(`asked-${key}`);
  whenFile(`go-${key}`, () => {
    if (kind === "behind") socket.write(ok("stray"), sent);
    else together(socket, kind, sent);
  });
}

function serve(socket: Socket): void {
  let requests = 0;
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (bytes: Uint8Array) => {
    const text = new TextDecoder().decode(bytes);
    if (!/^[A-Z]+ \//.test(text)) return; // the rest of a request
    const [, kind = "", key] = /^[A-Z]+ \/(\w+)\?(\S+)/.exec(text) ?? [];
    requests += 1;
    if (key === undefined || requests > 1) socket.write(ok(`answer ${requests}`));
    else answerFirst(socket, kind, key);
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
