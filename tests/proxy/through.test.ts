/** Proxies of all kinds, over real sockets: which requests they see, which connections are reused, what is refused. */

import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createPool, type HoldfastError, type Pool, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { detectTransport } from "../../transports/detect.ts";
import { eventually } from "../support/patience.ts";
import { deadPort } from "../support/ports.ts";
import { guarded, pem, type TestServer, tcpServer, tlsServer } from "../transports/support.ts";
import { httpProxy, socksProxy } from "./servers.ts";

const { can } = await detectTransport();

/** Answers every request, and says how many it has answered on that connection. */
function answer(socket: {
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  write(text: string): unknown;
}): void {
  let count = 0;
  socket.on("data", () => {
    count += 1;
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${count}`);
  });
}

const tlsOrigin = (): Promise<TestServer> => tlsServer(answer);

/** A pool that trusts the test CA, and its events. */
function poolOf(options: PoolOptions): { pool: Pool; told: PoolEvent[] } {
  const told: PoolEvent[] = [];
  const ca = pem("ca.pem");
  return { pool: createPool({ tls: { ca }, onEvent: (event) => told.push(event), ...options }), told };
}

async function get(pool: Pool, url: string): Promise<string> {
  return (await pool.request(url)).text();
}

/** The error of a request. */
function failure(pool: Pool, url: string): Promise<HoldfastError> {
  const failed = assertRejects(() => pool.request(url)) as Promise<HoldfastError>;
  return guarded(failed, "the refusal");
}

/** No event may contain a secret, anywhere in it. */
function refuseSecrets(pool: Pool, told: readonly PoolEvent[], origin: string): void {
  const seen = JSON.stringify([told, pool.stats(), pool.explain(origin)], (_, value) =>
    value instanceof Error ? [value.message, value.stack, Object.entries(value), value.cause] : value,
  );
  assertEquals(/secret|Basic|c2VjcmV0/i.exec(seen), null);
}

describe("a CONNECT tunnel", () => {
  it("carries TLS with the origin, and is reused like any connection", async () => {
    await using origin = await tlsOrigin();
    await using proxy = await httpProxy();
    const { pool } = poolOf({ proxy: proxy.url });
    const url = `https://localhost:${origin.port}/`;
    const first = await pool.request(url);
    assertEquals([await first.text(), await get(pool, url), await get(pool, url)], ["1", "2", "3"]);
    assertEquals(proxy.heads, [
      `CONNECT localhost:${origin.port} HTTP/1.1\r\nhost: localhost:${origin.port}`,
    ]);
    assertEquals([first.connection.proxy, first.connection.remotePort], [proxy.url, proxy.port]);
    await pool.close();
  });

  it("sends Basic credentials to the proxy alone, and shows them nowhere", async () => {
    await using origin = await tlsOrigin();
    await using proxy = await httpProxy();
    const { pool, told } = poolOf({ proxy: proxy.url.replace("//", "//user:secret%21@") });
    assertEquals(await get(pool, `https://localhost:${origin.port}/`), "1");
    const expected = `proxy-authorization: Basic ${btoa("user:secret!")}`;
    assertMatch(proxy.heads[0] ?? "", new RegExp(`\r\n${expected}$`));
    refuseSecrets(pool, told, `https://localhost:${origin.port}`);
    await pool.close();
  });

  it("has one origin at its end: another gets its own", async () => {
    await using one = await tlsOrigin();
    await using two = await tlsOrigin();
    await using proxy = await httpProxy();
    const { pool } = poolOf({ proxy: proxy.url });
    for (const { port } of [one, two, one]) await get(pool, `https://localhost:${port}/`);
    assertEquals([proxy.heads.length, proxy.connections()], [2, 2]);
    await pool.close();
  });

  it("is not trusted for more than its origin: a wrong certificate is ERR_TLS", async () => {
    await using origin = await tlsOrigin();
    await using proxy = await httpProxy();
    const { pool } = poolOf({ proxy: proxy.url });
    const error = await failure(pool, `https://wrong.test:${origin.port}/`);
    assertEquals([error.code, error.phase], ["ERR_TLS", "tls"]);
    await pool.close();
  });

  const refusals: readonly (readonly [status: string, code: number, retriable: boolean])[] = [
    ["407 Proxy Authentication Required", 407, false],
    ["403 Forbidden", 403, false],
    ["502 Bad Gateway", 502, true],
    ["503 Service Unavailable", 503, true],
  ];
  for (const [status, code, retriable] of refusals) {
    it(`that is refused with ${code} and a body is a typed error`, async () => {
      const body = "x".repeat(100_000);
      await using proxy = await httpProxy(
        () => `HTTP/1.1 ${status}\r\ncontent-length: 100000\r\n\r\n${body}`,
      );
      const { pool, told } = poolOf({ proxy: proxy.url.replace("//", "//user:secret@") });
      const error = await failure(pool, "https://api.test/");
      assertEquals(
        [error.code, error.phase, error.status, error.retriable],
        ["ERR_PROXY", "proxy", code, retriable],
      );
      assertEquals(
        error.message,
        `The proxy ${proxy.url} refused a tunnel: ${status} (for https://api.test)`,
      );
      refuseSecrets(pool, told, "https://api.test");
      await pool.close();
    });
  }

  it("that the proxy closes before it is open is a typed error", async () => {
    await using proxy = await httpProxy((_, socket) => void socket.end("HTTP/1.1 20"));
    const { pool } = poolOf({ proxy: proxy.url });
    const error = await failure(pool, "https://api.test/");
    assertEquals([error.code, error.phase, error.retriable], ["ERR_PROXY", "proxy", true]);
    await pool.close();
  });

  it("that is not answered in time is a typed error", async () => {
    await using proxy = await httpProxy(() => "HTTP/1.1 200 OK\r\nx: ");
    const { pool } = poolOf({ proxy: proxy.url, connectTimeout: 300 });
    const error = await failure(pool, "https://api.test/");
    assertEquals([error.code, error.phase, error.limitMs], ["ERR_CONNECT_TIMEOUT", "proxy", 300]);
    await pool.close();
  });

  it("whose proxy does not listen is a typed error", async () => {
    await using dead = await deadPort();
    const { pool } = poolOf({ proxy: `http://user:secret@127.0.0.1:${dead.port}` });
    const error = await failure(pool, "https://api.test/");
    assertEquals([error.code, error.phase, error.retriable], ["ERR_PROXY", "proxy", true]);
    assertEquals(/secret/.test(String(error.stack)), false);
    await pool.close();
  });

  it("that the proxy drops while it is idle is retired", async () => {
    await using origin = await tlsOrigin();
    await using proxy = await httpProxy();
    const { pool, told } = poolOf({ proxy: proxy.url });
    const url = `https://localhost:${origin.port}/`;
    await get(pool, url);
    proxy.drop();
    const retired = (): boolean =>
      told.some((event) => event.type === "connection.retired" && event.reason === "peer-closed");
    await eventually(retired, "the end of the idle connection");
    assertEquals(await get(pool, url), "1");
    await pool.close();
  });
});

describe("a forwarding proxy", () => {
  it("reads requests in absolute form, on connections that all origins share", async () => {
    await using proxy = await httpProxy();
    const { pool, told } = poolOf({ proxy: proxy.url.replace("//", "//user:secret@") });
    const bodies = [
      await get(pool, "http://one.test/a?b=c"),
      await get(pool, "http://two.test:81/"),
      await get(pool, "http://one.test/"),
    ];
    assertEquals(bodies, [
      "GET http://one.test/a?b=c HTTP/1.1",
      "GET http://two.test:81/ HTTP/1.1",
      "GET http://one.test/ HTTP/1.1",
    ]);
    assertEquals(proxy.connections(), 1);
    const [, host, , credentials] = (proxy.heads[1] ?? "").split("\r\n");
    assertEquals(
      [host, credentials],
      ["host: two.test:81", `proxy-authorization: Basic ${btoa("user:secret")}`],
    );
    assertEquals(Object.keys(pool.stats().origins), [`proxy+${proxy.url}`]);
    refuseSecrets(pool, told, "http://one.test");
    await pool.close();
  });

  it("gives each origin connections of its own under pooling: origin", async () => {
    await using proxy = await httpProxy();
    const { pool } = poolOf({ proxy: { url: proxy.url, pooling: "origin" } });
    for (const name of ["one", "two", "one"]) await get(pool, `http://${name}.test/`);
    assertEquals(proxy.connections(), 2);
    await pool.close();
  });

  it("may want another scheme than Basic", async () => {
    await using proxy = await httpProxy();
    const { pool } = poolOf({ proxy: { url: proxy.url, authorization: "Bearer secret" } });
    await get(pool, "http://one.test/");
    assertMatch(proxy.heads[0] ?? "", /\r\nproxy-authorization: Bearer secret$/);
    await pool.close();
  });

  it("that refuses with 407 is a typed error, and its connection goes on", async () => {
    let count = 0;
    await using proxy = await httpProxy(() => {
      count += 1;
      return count > 1
        ? undefined
        : "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\ncontent-length: 5\r\n\r\nsorry";
    });
    const { pool } = poolOf({ proxy: proxy.url.replace("//", "//user:secret@") });
    const { code, phase, status, retriable, message } = await failure(pool, "http://one.test/");
    assertEquals([code, phase, status, retriable], ["ERR_PROXY", "proxy", 407, false]);
    assertEquals(message, `The proxy ${proxy.url} refused the request: 407 Proxy Authentication Required`);
    assertEquals([(await pool.fetch("http://one.test/")).status, proxy.connections()], [200, 1]);
    await pool.close();
  });

  it("passes any other status through: whether the proxy or the origin answered cannot be known", async () => {
    await using proxy = await httpProxy(() => "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    const { pool } = poolOf({ proxy: proxy.url });
    assertEquals((await pool.request("http://one.test/")).status, 502);
    await pool.close();
  });

  it("that does not listen is a typed error", async () => {
    const gone = await tcpServer(() => {});
    await gone[Symbol.asyncDispose]();
    const { pool } = poolOf({ proxy: `http://127.0.0.1:${gone.port}` });
    const error = await failure(pool, "http://api.test/");
    assertEquals([error.code, error.phase], ["ERR_PROXY", "proxy"]);
    await pool.close();
  });
});

describe("a proxy that speaks TLS", () => {
  it("forwards", async () => {
    await using proxy = await httpProxy(undefined, true);
    const { pool } = poolOf({ proxy: { url: proxy.url, tls: { ca: pem("ca.pem") } } });
    assertEquals(await get(pool, "http://one.test/"), "GET http://one.test/ HTTP/1.1");
    await pool.close();
  });

  it("is verified by its own name and roots", async () => {
    await using proxy = await httpProxy(undefined, true);
    const { pool } = poolOf({ proxy: proxy.url });
    const error = await failure(pool, "http://one.test/");
    assertEquals([error.code, error.phase, error.retriable], ["ERR_PROXY", "proxy", false]);
    await pool.close();
  });

  it("tunnels TLS in TLS, or says that the runtime cannot", async () => {
    await using origin = await tlsOrigin();
    await using proxy = await httpProxy(undefined, true);
    const { pool } = poolOf({ proxy: { url: proxy.url, tls: { ca: pem("ca.pem") } } });
    const url = `https://localhost:${origin.port}/`;
    if (can.tlsInTls === true) {
      assertEquals([await get(pool, url), await get(pool, url)], ["1", "2"]);
    } else {
      const error = await failure(pool, url);
      assertEquals([error.code, error.phase], ["ERR_UNSUPPORTED", "proxy"]);
    }
    await pool.close();
  });
});

describe("a SOCKS5 proxy", () => {
  it("carries http and https in tunnels, and looks up names", async () => {
    await using plain = await tcpServer(answer);
    await using secure = await tlsOrigin();
    await using proxy = await socksProxy();
    const { pool } = poolOf({ proxy: proxy.url });
    const urls = [`http://nowhere.test:${plain.port}/`, `https://example.test:${secure.port}/`];
    assertEquals([await get(pool, urls[0] ?? ""), await get(pool, urls[0] ?? "")], ["1", "2"]);
    assertEquals(await get(pool, urls[1] ?? ""), "1");
    assertEquals(proxy.requests, [`name nowhere.test ${plain.port}`, `name example.test ${secure.port}`]);
    await pool.close();
  });

  it("receives IP addresses as addresses", async () => {
    await using plain = await tcpServer(answer);
    await using proxy = await socksProxy();
    const { pool } = poolOf({ proxy: proxy.url.replace("socks5:", "socks5h:") });
    for (const host of ["127.0.0.1", "[::1]"]) await get(pool, `http://${host}:${plain.port}/`);
    const v6 = `ipv6 ${"00".repeat(15)}01 ${plain.port}`;
    assertEquals(proxy.requests, [`ipv4 127.0.0.1 ${plain.port}`, v6]);
    await pool.close();
  });

  it("receives username and password if it wants them", async () => {
    await using plain = await tcpServer(answer);
    await using proxy = await socksProxy(["user", "secret!"]);
    const { pool, told } = poolOf({ proxy: proxy.url.replace("//", "//user:secret%21@") });
    assertEquals([await get(pool, `http://a.test:${plain.port}/`), proxy.logins], ["1", ["user:secret!"]]);
    refuseSecrets(pool, told, `http://a.test:${plain.port}`);
    await pool.close();
  });

  for (const [what, given, message] of [
    ["without credentials", "", "asks for credentials"],
    ["with wrong ones", "user:wrongsecret@", "did not accept the credentials"],
  ] as const) {
    it(`that wants credentials refuses a client ${what}`, async () => {
      await using proxy = await socksProxy(["user", "secret"]);
      const { pool } = poolOf({ proxy: proxy.url.replace("//", `//${given}`) });
      const error = await failure(pool, "http://a.test/");
      const expected = `The proxy ${proxy.url} ${message} (for http://a.test)`;
      assertEquals(
        [error.code, error.phase, error.retriable, error.message],
        ["ERR_PROXY", "proxy", false, expected],
      );
      await pool.close();
    });
  }

  it("that cannot reach the origin is a typed error", async () => {
    await using proxy = await socksProxy(undefined, 5);
    const { pool } = poolOf({ proxy: proxy.url });
    const error = await failure(pool, "https://a.test/");
    assertEquals([error.code, error.phase, error.retriable], ["ERR_PROXY", "proxy", true]);
    assertMatch(error.message, /refused a tunnel: connection refused by the destination/);
    await pool.close();
  });
});
