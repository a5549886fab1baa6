/** Promise: reuse and TCP keepalive are independent of each other. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { PoolOptions } from "../../src/options/options.ts";
import { service } from "../support/service.ts";

/** Sends two requests. Answers their connections, their `Connection` fields, and the options asked of the kernel. */
async function two(options: PoolOptions) {
  const said: (string | null)[] = [];
  const { get, transport } = service(options, ({ headers }) => {
    said.push(headers.get("connection"));
    return { body: "ok" };
  });
  const used = [await get(), await get()];
  return { used, said, asked: transport.peers.map(({ target }) => target.tcpKeepAlive) };
}

describe("reuse and TCP keepalive", () => {
  const PROBES = { idleMs: 60_000, intervalMs: undefined, probes: undefined };
  const DEFAULT_PROBES = { idleMs: 15_000, intervalMs: 15_000, probes: 3 };
  const reusing = { used: [1, 1], said: ["keep-alive", "keep-alive"] };
  const single = { used: [1, 2], said: ["close", "close"] };
  const rows: readonly (readonly [what: string, options: PoolOptions, expected: object])[] = [
    ["reuse with the default probes", {}, { ...reusing, asked: [DEFAULT_PROBES] }],
    ["reuse without probes", { tcpKeepAlive: false }, { ...reusing, asked: [false] }],
    ["reuse with probes", { tcpKeepAlive: { idle: "60s" } }, { ...reusing, asked: [PROBES] }],
    ["neither", { maxIdlePerOrigin: 0, tcpKeepAlive: false }, { ...single, asked: [false, false] }],
    [
      "probes without reuse",
      { maxIdlePerOrigin: 0, tcpKeepAlive: { idle: "60s" } },
      { ...single, asked: [PROBES, PROBES] },
    ],
  ];
  for (const [what, options, expected] of rows) {
    it(`are independent: ${what}`, async () => assertEquals<object>(await two(options), expected));
  }

  it("without reuse, a connection is not used again even if the server keeps it open", async () => {
    const { pool, transport } = service({ maxIdlePerOrigin: 0, maxConnectionsPerOrigin: 1 }, undefined, {
      respond: undefined,
      accept: (peer) => peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")),
    });
    const both = await Promise.all([pool.request("http://a.test/1"), pool.request("http://a.test/2")]);
    assertEquals(
      both.map(({ connection }) => connection.requestNumber),
      [1, 1],
    );
    assertEquals(transport.peers.map(({ state }) => state).includes("open"), false);
  });
});
