// The same as use.mjs for require(): also under Jest, and beside the copy that import loads.
const { strictEqual } = require("node:assert/strict");
const { once } = require("node:events");
const { createServer } = require("node:http");
const net = require("node:net");
const { connectionOf, createPool, HoldfastError, ProtocolError } = require("@holdfast/pool");

async function use() {
  const server = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const pool = createPool({ idleTimeout: "5s" });
  for (const reused of [false, true]) {
    const response = await pool.fetch(`http://127.0.0.1:${server.address().port}/`);
    strictEqual(await response.text(), "hello");
    strictEqual(connectionOf(response).reused, reused);
  }
  const { cause } = await pool.fetch("http://127.0.0.1:1/").catch((error) => error);
  strictEqual(cause instanceof HoldfastError, true);
  await pool.close();
  server.close();
}

/** What one copy made, the other knows. Where Node can require modules, there is one copy. */
async function both() {
  const imported = await import("@holdfast/pool");
  for (const [maker, asked] of [
    [{ createPool, HoldfastError, ProtocolError }, imported],
    [imported, { HoldfastError, ProtocolError }],
  ]) {
    const pool = maker.createPool();
    const { cause: refused } = await pool.fetch("http://127.0.0.1:1/").catch((error) => error);
    strictEqual(refused instanceof asked.HoldfastError, true);
    strictEqual(refused instanceof asked.ProtocolError, false);
    // The client resets the connection.
    const server = net.createServer((socket) => socket.on("error", () => {}).end("no HTTP\r\n\r\n"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { cause: broken } = await pool
      .fetch(`http://127.0.0.1:${server.address().port}/`)
      .catch((error) => error);
    strictEqual(broken instanceof asked.HoldfastError, true);
    strictEqual(broken instanceof asked.ProtocolError, true);
    strictEqual(new Error("other") instanceof asked.HoldfastError, false);
    server.close();
    await pool.close();
  }
}

module.exports = { use, both };
if (require.main === module) {
  for (const specifier of process.argv.slice(2)) require(specifier);
  void use().then(both);
}
