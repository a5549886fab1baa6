/** Run by startup.test.ts: sends a request to its own server, and prints which of Node's modules are loaded. */

import { createServer } from "node:net";
import { connectionOf, createPool } from "../../mod.ts";

declare const process: { readonly moduleLoadList: readonly string[] };

const server = createServer((socket) => {
  socket.on("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"));
});
// Without a hostname, which the server would resolve.
await new Promise<void>((resolve) => server.listen(0, resolve));
const address = server.address();
const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
const pool = createPool();
const asked = await (await pool.request(url)).text();
const before = [...process.moduleLoadList];
const response = await pool.fetch(url);
const fetched = [await response.text(), connectionOf(response)?.requestNumber];
const unnamed = [...process.moduleLoadList];
const is = response instanceof Response;
console.log(JSON.stringify({ asked, before, fetched, unnamed, is, after: process.moduleLoadList }));
await pool.close();
server.close();
