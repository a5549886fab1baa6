/** Tunnels with a clock that the test moves: what happens between the parts of a connect attempt, to the millisecond. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { HoldfastError } from "../../src/contract/errors.ts";
import type { PoolEvent } from "../../src/contract/events.ts";
import type { RetireReason } from "../../src/contract/reasons.ts";
import { createPool, type Pool } from "../../src/create-pool.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import {
  type MemoryOptions,
  type MemoryPeer,
  type MemoryTransport,
  memoryTransport,
} from "../../transports/memory.ts";
import { MovableClock } from "../support/clock.ts";
import "../support/on-demand.ts";

const ESTABLISHED = "HTTP/1.1 200 Connection established\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

interface Scene {
  readonly pool: Pool;
  readonly clock: MovableClock;
  readonly transport: MemoryTransport;
  /** The error of a request under way, in a few words. */
  outcome(url?: string, signal?: AbortSignal): Promise<string>;
  retired(): RetireReason[];
}

/** A pool behind a proxy whose connections are played by `accept`. */
function scene(
  accept: (peer: MemoryPeer) => void,
  memory: MemoryOptions = {},
  options: PoolOptions = {},
): Scene {
  const clock = new MovableClock();
  const told: PoolEvent[] = [];
  const transport = memoryTransport({ accept, scheduler: clock, latencyMs: 10, ...memory });
  const onEvent = (event: PoolEvent): void => void told.push(event);
  const pool = createPool({
    proxy: "http://proxy.test:3128",
    lifetimeJitter: 0,
    onEvent,
    ...options,
    transport,
    clock,
  });
  return {
    pool,
    clock,
    transport,
    outcome: (url = "https://api.test/", signal) =>
      pool
        .request(url, signal === undefined ? {} : { signal })
        .then(async (response) => `${response.status} ${await response.text()}`)
        .catch((error: HoldfastError) =>
          error instanceof Error ? `${error.code} in ${error.phase}` : String(error),
        ),
    retired: () => told.flatMap((event) => (event.type === "connection.retired" ? [event.reason] : [])),
  };
}

/** Opens the tunnel, and answers what comes through it. */
function wellBehaved(peer: MemoryPeer): void {
  peer.onData((bytes) => {
    const text = new TextDecoder().decode(bytes);
    peer.send(text.startsWith("CONNECT ") ? ESTABLISHED : OK);
  });
}

describe("a tunnel", () => {
  it("is one connection: connected, negotiated, secured and used", async () => {
    const { outcome, clock, transport } = scene(wellBehaved);
    const request = outcome();
    await clock.advance(1000);
    const [peer] = transport.peers;
    assertEquals(await request, "200 ok");
    assertEquals(
      [peer?.target.hostname, peer?.target.port, peer?.target.tls, peer?.tls?.serverName],
      ["proxy.test", 3128, undefined, "api.test"],
    );
    assertEquals(transport.peers.length, 1);
  });

  it("has connectTimeout for all of that together", async () => {
    const silent = (peer: MemoryPeer): void =>
      peer.onData(() => void clock.schedule(600, () => peer.send(ESTABLISHED)));
    const connect = () => ({ outcome: "accept", delayMs: 500 }) as const;
    const { outcome, clock, transport } = scene(silent, { connect }, { connectTimeout: 1000 });
    const request = outcome();
    await clock.advance(999);
    assertEquals(transport.peers[0]?.state, "open");
    await clock.advance(100);
    assertEquals([await request, transport.peers[0]?.state], ["ERR_CONNECT_TIMEOUT in proxy", "aborted"]);
  });

  it("whose TLS is not answered in time fails in connect, as without a proxy", async () => {
    const connect: MemoryOptions["connect"] = ({ tls }) => (tls === undefined ? "accept" : "never");
    const { outcome, clock, transport } = scene(wellBehaved, { connect }, { connectTimeout: 1000 });
    const request = outcome();
    await clock.advance(2000);
    assertEquals([await request, transport.peers[0]?.state], ["ERR_CONNECT_TIMEOUT in connect", "aborted"]);
  });

  it("is not waited for by a request that was aborted, and serves the next", async () => {
    const { outcome, clock, transport, pool } = scene(wellBehaved);
    const aborting = new AbortController();
    const request = outcome("https://api.test/", aborting.signal);
    await clock.advance(15);
    aborting.abort("enough");
    await clock.advance(1000);
    assertEquals([await request, pool.stats().idle], ["enough", 1]);
    const next = outcome();
    await clock.advance(1000);
    assertEquals([await next, transport.peers.length], ["200 ok", 1]);
  });

  it("that is given up because the pool closes leaves nothing open", async () => {
    const { outcome, clock, transport, pool } = scene(() => {});
    const request = outcome();
    await clock.advance(100);
    const closing = pool.close();
    await clock.advance(100);
    await closing;
    assertEquals([await request, transport.peers[0]?.state], ["ERR_POOL_CLOSED in queue", "aborted"]);
  });

  const spoilers: readonly (readonly [what: string, play: (peer: MemoryPeer) => void, outcome: string])[] = [
    ["closes at once", (peer) => peer.end(), "ERR_PROXY in proxy"],
    ["resets at once", (peer) => peer.reset(), "ERR_PROXY in proxy"],
    ["closes instead of answering", (peer) => peer.onData(() => peer.end()), "ERR_PROXY in proxy"],
    [
      "resets in its answer",
      (peer) => peer.onData(() => [peer.send("HTTP/1.1 200"), peer.reset()]),
      "ERR_PROXY in proxy",
    ],
    [
      "sends more than its answer",
      (peer) => peer.onData(() => peer.send(`${ESTABLISHED}x`)),
      "ERR_PROXY in proxy",
    ],
    ["answers byte by byte", (peer) => byteByByte(peer), "200 ok"],
  ];
  for (const [what, play, expected] of spoilers) {
    it(`whose proxy ${what} ends in ${expected}`, async () => {
      const { outcome, clock, transport } = scene(play);
      const request = outcome();
      await clock.advance(1000);
      assertEquals(await request, expected);
      if (expected !== "200 ok") assertEquals(transport.peers[0]?.state === "open", false);
    });
  }

  it("that is closed right behind the proxy's answer is not used", async () => {
    const { outcome, clock } = scene(
      (peer) => peer.onData(() => [peer.send(Uint8Array.of(5, 0)), peer.end()]),
      {},
      { proxy: "socks5://proxy.test" },
    );
    const request = outcome("http://api.test/");
    await clock.advance(1000);
    assertEquals(await request, "ERR_PROXY in proxy");
  });

  it("is retired by the proxy's FIN while it is idle, and by the same rules as every connection", async () => {
    const { outcome, clock, transport, retired } = scene(
      wellBehaved,
      {},
      { idleTimeout: "5s", learn: false },
    );
    const first = outcome();
    await clock.advance(1000);
    await first;
    transport.peers[0]?.end();
    await clock.advance(100);
    const second = outcome();
    await clock.advance(1000);
    await second;
    await clock.advance(5000);
    assertEquals(retired(), ["peer-closed", "idle-timeout"]);
  });
});

/** Answers a CONNECT and the request in it one byte at a time. */
function byteByByte(peer: MemoryPeer): void {
  peer.onData((bytes) => {
    const answer = new TextDecoder().decode(bytes).startsWith("CONNECT ") ? ESTABLISHED : OK;
    for (const char of answer) peer.send(char);
  });
}

describe("the names behind a proxy", () => {
  it("are the proxy's to look up, and its own goes through Happy Eyeballs", async () => {
    const asked: string[] = [];
    const resolve = (hostname: string): string[] => {
      asked.push(hostname);
      return ["192.0.2.1", "192.0.2.2"];
    };
    const connect: MemoryOptions["connect"] = ({ address }) => (address === "192.0.2.1" ? "never" : "accept");
    const { pool, clock } = scene(wellBehaved, { resolve, connect });
    const request = pool.request("https://api.test/");
    await clock.advance(1000);
    const { connection } = await request;
    assertEquals(
      [asked, connection.remoteAddress, connection.proxy],
      [["proxy.test"], "192.0.2.2", "http://proxy.test:3128"],
    );
  });

  it("move with the proxy: address-gone", async () => {
    let addresses = ["192.0.2.1"];
    const { outcome, clock, retired } = scene(wellBehaved, { resolve: () => addresses });
    const request = outcome();
    await clock.advance(1000);
    await request;
    addresses = ["192.0.2.2"];
    await clock.advance(30_000);
    assertEquals(retired(), ["address-gone"]);
  });
});

describe("proxy: env", () => {
  it("is read from the transport, origin by origin", async () => {
    const env = { https_proxy: "http://proxy.test:3128", no_proxy: "direct.test" };
    const { outcome, clock, transport } = scene(wellBehaved, { env }, { proxy: "env" });
    const requests = ["https://api.test/", "https://direct.test/", "http://api.test/"].map((url) =>
      outcome(url),
    );
    await clock.advance(1000);
    assertEquals(await Promise.all(requests), ["200 ok", "200 ok", "200 ok"]);
    assertEquals(transport.peers.map(({ target }) => target.hostname).sort(), [
      "api.test",
      "direct.test",
      "proxy.test",
    ]);
  });

  it("is read with the first request, which a malformed variable fails, and then again with the next", async () => {
    const env: Record<string, string> = { http_proxy: "ftp://proxy.test" };
    const transport = memoryTransport({ env, respond: () => ({ body: "ok" }) });
    await using pool = createPool({ proxy: "env", transport });
    const failure = await pool.request("http://a.test/").catch((error: unknown) => error);
    assertEquals(
      [failure instanceof TypeError, /^http_proxy must be a URL/.test(String((failure as Error).message))],
      [true, true],
    );
    env.http_proxy = "http://proxy.test:3128";
    assertEquals(await (await pool.request("http://a.test/")).text(), "ok");
    assertEquals(transport.peers[0]?.target.hostname, "proxy.test");
  });

  it("cannot be honoured by a transport without an environment", () => {
    const { env: _, ...transport } = memoryTransport();
    let code: unknown;
    try {
      createPool({ proxy: "env", transport });
    } catch (error) {
      code = (error as HoldfastError).code;
    }
    assertEquals(code, "ERR_UNSUPPORTED");
  });
});
