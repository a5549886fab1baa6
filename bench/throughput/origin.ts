/**
 * Origin: the cheapest HTTP/1.1 server that plain Node can be, so that the client is what is measured. It counts
 * the ends of request heads and answers each with the same bytes. Requests must have no body.
 */

import { createServer } from "node:net";

const bodyBytes = Number(process.argv[2] ?? 100);
const body = "x".repeat(bodyBytes);
const answer = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ndate: Fri, 20 Nov 2026 18:00:00 GMT\r\ncontent-length: ${bodyBytes}\r\n\r\n${body}`,
);
const END = Buffer.from("\r\n\r\n");

const server = createServer((socket) => {
  socket.setNoDelay(true);
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    for (let at = chunk.indexOf(END); at >= 0; at = chunk.indexOf(END, at + 4)) socket.write(answer);
  });
});
server.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" && address !== null ? address.port : 0);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
