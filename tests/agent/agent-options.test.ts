import { Agent } from "node:http";
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { presets } from "../../mod.ts";
import { translate } from "../../src/agent/agent-options.ts";
import { type AgentOptions, agent } from "../../src/agent/mod.ts";
import { createPool } from "../../src/create-pool.ts";
import { dispatcher } from "../../src/dispatcher/mod.ts";

describe("options of other agents", () => {
  const translations: readonly (readonly [AgentOptions, string, unknown])[] = [
    [{ keepAlive: false }, "maxIdlePerOrigin", 0],
    [{ keepAlive: true }, "maxIdlePerOrigin", undefined],
    [{ keepAliveMsecs: 2000 }, "tcpKeepAlive", { idle: 2000 }],
    [{ maxSockets: 50 }, "maxConnectionsPerOrigin", 50],
    [{ maxSockets: Infinity }, "maxConnectionsPerOrigin", Infinity],
    [{ maxSockets: 0 }, "maxConnectionsPerOrigin", undefined],
    [{ maxTotalSockets: 60 }, "maxConnections", 60],
    [{ maxFreeSockets: 5 }, "maxIdlePerOrigin", 5],
    [{ scheduling: "fifo" }, "reuseOrder", "fifo"],
    [{ timeout: 30_000 }, "idleTimeout", 30_000],
    [{ timeout: 30_000, idleTimeout: "5s" }, "idleTimeout", "5s"],
    [{ idleTimeout: "5s", timeout: 30_000 }, "idleTimeout", "5s"],
    [{ agentKeepAliveTimeoutBuffer: 500 }, "hintMargin", 500],
    [{ proxyEnv: process.env }, "proxy", "env"],
    [{ freeSocketTimeout: 4000 }, "idleTimeout", 4000],
    [{ socketActiveTTL: 60_000 }, "maxLifetime", 60_000],
    [{ socketPath: "/run/x.sock" }, "unixPath", "/run/x.sock"],
    [{ ca: "PEM", rejectUnauthorized: false }, "tls", { ca: "PEM", rejectUnauthorized: false }],
    [{ servername: "a.test" }, "tls", { serverName: "a.test" }],
    [{ ca: [Buffer.from("-----BEGIN")] }, "tls", { ca: ["-----BEGIN"] }],
    [{ maxQueue: 5 }, "maxQueue", 5],
    [{}, "http2", false],
  ];
  for (const [options, name, value] of translations)
    it(`${Object.keys(options).join(" and ") || "none"} sets ${name}`, () => {
      assertEquals((translate(options).pool as Record<string, unknown>)[name], value);
    });

  it("are added to each request where only Node has them", () => {
    assertEquals(translate({ localAddress: "127.0.0.2", family: 4 }).request, {
      localAddress: "127.0.0.2",
      family: 4,
    });
  });

  it("may be those of a request, from which Node's documentation makes an agent", () => {
    const place = { host: "a.test", port: 443 };
    const asked = { hostname: "b.test", path: "/x", method: "GET", headers: {}, auth: "u:p" };
    const { pool, request } = translate({ ...place, ...asked, ca: "PEM", maxSockets: 3 } as AgentOptions);
    assertEquals(request, place);
    assertEquals(pool, { tls: { ca: "PEM" }, maxConnectionsPerOrigin: 3, http2: false });
  });

  it("are those of each request too where Node opens the connection, with TLS options", () => {
    const lookup = (): void => {};
    assertEquals(translate({ ca: "PEM", lookup }).request, { ca: "PEM", lookup });
    const { pool, request } = translate({ ca: "PEM", createConnection: () => undefined });
    assertEquals([pool.tls, request], [{ ca: "PEM" }, { ca: "PEM" }]);
  });

  it("may stand beside those of a preset", () => {
    const { pool } = translate({ ...presets.nginx(), maxSockets: 3 });
    createPool(pool);
  });

  const wrong: readonly (readonly [object, string])[] = [
    [{ maxCachedSessions: 10 }, "maxCachedSessions"],
    [{ protocol: "https:" }, "protocol"],
    [{ defaultPort: 8080 }, "defaultPort"],
    [{ path: "/x" }, "unixPath"],
    [{ method: "GET" }, "method"],
    [{ proxyEnv: { HTTP_PROXY: "http://a" } }, "proxy"],
    [{ maxSocket: 10 }, "maxSocket"],
    [{ keepAliveMsecs: 500 }, "tcpKeepAlive"],
    [{ maxSockets: "many" }, "maxSockets"],
    [{ scheduling: "random" }, "reuseOrder"],
    [{ createConnection: 1 }, "createConnection"],
    [{ maxSockets: 5, maxConnectionsPerOrigin: 6 }, "maxConnectionsPerOrigin"],
    [{ freeSocketTimeout: 5, idleTimeout: 6 }, "idleTimeout"],
  ];
  for (const [options, named] of wrong)
    it(`are refused by name: ${Object.keys(options).join(" and ")}`, () => {
      assertThrows(() => agent(options as AgentOptions), Error, named);
    });

  for (const value of [null, 5, "http://a.test"])
    it(`are an object or a pool, not ${value}`, () => {
      assertThrows(() => agent(value as unknown as AgentOptions), TypeError, "pool or options");
    });

  const others: readonly (readonly [what: string, value: object])[] = [
    ["an http.Agent", new Agent()],
    ["an http.Agent", agent()],
    ["a dispatcher of undici", dispatcher()],
  ];
  for (const [what, value] of others)
    it(`are not ${what}: ${value.constructor.name}`, () => {
      assertThrows(() => agent(value as AgentOptions), TypeError, what);
    });

  it("of an agent without reuse have node:http say Connection: close", () => {
    const { keepAlive, maxSockets } = agent({ keepAlive: false }) as unknown as {
      keepAlive: boolean;
      maxSockets: number;
    };
    assertEquals([keepAlive, maxSockets], [false, Infinity]);
    assert(agent().maxSockets === 256);
  });
});
