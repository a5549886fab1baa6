/** The numbers of each preset, how they combine with options, and what a preset refuses. */

import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { createPool, type PoolOptions, PRESET, presets } from "../../mod.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import * as all from "../../src/presets/mod.ts";

const S = 1000;
const OFF = Infinity;

/** The function of every preset, by name. */
const makers = Object.entries(all).flatMap(([name, make]) =>
  typeof make === "function" ? [[name, make] as const] : [],
);
const made = makers.map(([name, make]) => [name, make()] as const);

type Facts = readonly [
  idleMs: number,
  unusedMs: number,
  perOrigin: number,
  inAll: number,
  idlePerOrigin: number,
  idleInAll: number,
  order: string,
  evicts: string,
];

function factsOf(options: PoolOptions): Facts {
  const { rules } = resolveOptions(options);
  const unusedMs = Math.min(rules.idleTimeoutMs, rules.unusedIdleTimeoutMs);
  const evicts = [rules.evictPerOrigin, rules.evictInAll].join();
  const { maxConnectionsPerOrigin, maxConnections, maxIdlePerOrigin, maxIdle, reuseOrder } = rules;
  return [
    rules.idleTimeoutMs,
    unusedMs,
    maxConnectionsPerOrigin,
    maxConnections,
    maxIdlePerOrigin,
    maxIdle,
    reuseOrder,
    evicts,
  ];
}

const STALEST = "stalest,stalest";
const RETURNED = "returned,returned";

describe("a client preset has the numbers of its system:", () => {
  const rows: Readonly<Record<string, Facts>> = {
    // Systems that read Keep-Alive have no idle timeout here: their reader returns it, so a server can lengthen it.
    reqwest: [90 * S, 90 * S, OFF, OFF, OFF, OFF, "lifo", RETURNED],
    apacheHttpClient4: [OFF, OFF, 2, 20, OFF, OFF, "lifo", STALEST],
    apacheHttpClient5: [OFF, 180 * S, 5, 25, OFF, OFF, "lifo", STALEST],
    jdk: [OFF, 5 * S, OFF, OFF, 5, OFF, "lifo", STALEST],
    jdkHttpClient: [30 * S, 30 * S, OFF, OFF, OFF, OFF, "fifo", STALEST],
    chrome: [300 * S, 60 * S, 6, 256, OFF, OFF, "used-first", STALEST],
    nodeAgent: [OFF, 5 * S, OFF, OFF, 256, OFF, "lifo", RETURNED],
    undici: [OFF, 4 * S, OFF, OFF, OFF, OFF, "oldest", STALEST],
    go: [90 * S, 90 * S, OFF, OFF, 2, 100, "lifo", "returned,stalest"],
    okHttp: [300 * S, 300 * S, OFF, OFF, OFF, 5, "oldest", STALEST],
    curl: [118 * S, 118 * S, OFF, OFF, OFF, 5, "oldest", STALEST],
    denoFetch: [90 * S, 90 * S, OFF, OFF, OFF, OFF, "lifo", RETURNED],
    bunFetch: [300 * S, 300 * S, 256, 256, OFF, 64, "oldest", RETURNED],
    nginxUpstream: [60 * S, 60 * S, OFF, OFF, OFF, 32, "lifo", STALEST],
  };
  const clients = made.filter(([, preset]) => "retry" in preset);
  it("this table has every client preset", () =>
    assertEquals(clients.map(([name]) => name).sort(), Object.keys(rows).sort()));
  for (const [name, preset] of clients) {
    it(name, () => assertEquals(factsOf(preset as PoolOptions), rows[name]));
  }

  it("and learns nothing, and reuses connections for any request", () => {
    for (const [, preset] of clients) {
      const { rules } = resolveOptions(preset as PoolOptions);
      assertEquals(
        [rules.learn, rules.unsafeReuseMs, rules.hintMarginMs, rules.lifetimeJitter],
        [false, OFF, 0, 0],
      );
    }
  });
});

describe("a lifetime and a number of requests:", () => {
  const rows: readonly (readonly [string, PoolOptions, lifetimeMs: number, requests: number])[] = [
    ["curl", presets.curl(), 24 * 3600 * S, OFF],
    ["curl before 8.17", presets.curl({ version: "8.16.0" }), OFF, OFF],
    ["curl 7.88.1", presets.curl({ version: "7.88.1" }), OFF, OFF],
    ["nginx as a client", presets.nginxUpstream(), 3600 * S, 1000],
    ["undici with both set", presets.undici({ clientTtl: "1m", maxRequestsPerClient: 7 }), 60 * S, 7],
    [
      "undici 7, which sends one request more",
      presets.undici({ maxRequestsPerClient: 7, version: "7.30.2" }),
      OFF,
      8,
    ],
    ["HttpClient 5 with a lifetime", presets.apacheHttpClient5({ timeToLive: "1m" }), 60 * S, OFF],
    ["nginx as a server", presets.nginx(), 3600 * S, 1000],
    ["Tomcat", presets.tomcat(), OFF, 100],
    ["httpd, which does not count the first request", presets.httpd(), OFF, 101],
  ];
  for (const [name, preset, lifetimeMs, requests] of rows) {
    it(name, () => {
      const { rules } = resolveOptions(preset);
      assertEquals([rules.maxLifetimeMs, rules.maxRequests], [lifetimeMs, requests]);
    });
  }
});

describe("TCP keepalive and the pool are independent:", () => {
  const PROBES = { idleMs: 15 * S, intervalMs: 15 * S, probes: 3 };
  const rows: readonly (readonly [string, PoolOptions, tcp: unknown, idlePerOrigin: number])[] = [
    ["reqwest", presets.reqwest(), PROBES, OFF],
    ["reqwest 0.12.23", presets.reqwest({ version: "0.12.23" }), PROBES, OFF],
    ["reqwest 0.12.22", presets.reqwest({ version: "0.12.22" }), false, OFF],
    ["reqwest 0.11", presets.reqwest({ version: "0.11" }), false, OFF],
    ["reqwest without pool", presets.reqwest({ poolMaxIdlePerHost: 0 }), PROBES, 0],
    ["reqwest without probes", presets.reqwest({ tcpKeepAlive: false }), false, OFF],
    ["reqwest without either", presets.reqwest({ poolMaxIdlePerHost: 0, tcpKeepAlive: false }), false, 0],
    [
      "reqwest 0.12.22 without pool",
      presets.reqwest({ version: "0.12.22", poolMaxIdlePerHost: 0 }),
      false,
      0,
    ],
    [
      "reqwest 0.12.22 with probes",
      presets.reqwest({ version: "0.12.22", tcpKeepAlive: { idle: "60s" } }),
      { idleMs: 60 * S, intervalMs: undefined, probes: undefined },
      OFF,
    ],
  ];
  for (const [name, preset, tcp, idlePerOrigin] of rows) {
    it(name, () => {
      const { tcpKeepAlive, rules } = resolveOptions(preset);
      assertEquals([tcpKeepAlive, rules.maxIdlePerOrigin], [tcp, idlePerOrigin]);
      assertEquals(rules.idleTimeoutMs, 90 * S);
    });
  }

  it("Apache HttpClient sends probes since 5.6, Chrome after 45 s, curl if set", () => {
    const tcp = (options: PoolOptions) => resolveOptions(options).tcpKeepAlive;
    assertEquals(tcp(presets.apacheHttpClient4()), false);
    assertEquals(tcp(presets.apacheHttpClient5({ version: "5.5.1" })), false);
    assertEquals(tcp(presets.apacheHttpClient5()), { idleMs: 5 * S, intervalMs: 5 * S, probes: 3 });
    assertEquals(tcp(presets.chrome()), { idleMs: 45 * S, intervalMs: undefined, probes: undefined });
    assertEquals(tcp(presets.curl()), false);
    assertEquals(tcp(presets.curl({ tcpKeepalive: true })), {
      idleMs: 60 * S,
      intervalMs: 60 * S,
      probes: 9,
    });
    assertEquals(tcp(presets.go({ keepAlive: false })), false);
  });
});

describe("versions:", () => {
  it("java.net.http keeps connections for 1200 s before JDK 20, and for 30 s since", () => {
    for (const [version, ms] of [
      ["17.0.15", 1_200_000],
      ["19", 1_200_000],
      ["20", 30_000],
      ["25", 30_000],
    ] as const)
      assertEquals(resolveOptions(presets.jdkHttpClient({ version })).rules.idleTimeoutMs, ms);
    assertEquals(
      resolveOptions(presets.jdkHttpClient({ keepaliveTimeout: "5s", version: "17" })).rules.idleTimeoutMs,
      5000,
    );
  });

  it("the old JDK closes the returned connection, the current one the oldest", () => {
    assertEquals(presets.jdk({ generation: "old" }).evictIdle, "returned");
    assertEquals(presets.jdk().evictIdle, "stalest");
  });

  it("must be written as numbers", () => {
    for (const version of ["latest", "", "1.", "v5"])
      assertThrows(() => presets.reqwest({ version }), TypeError, `"${version}"`);
  });
});

describe("a preset", () => {
  for (const [name, preset] of made) {
    it(`can be spread into the options of a pool: ${name}`, () => {
      assertEquals(preset[PRESET]?.name, name);
      const pool = createPool({ ...preset, maxLifetime: "5m" });
      const { rules, preset: info } = pool.explain("http://a.test");
      const sourceOf = (option: string) => rules.find(({ rule }) => rule === option)?.source;
      assertEquals(
        [info?.name, sourceOf("maxLifetime"), sourceOf("idleTimeout")],
        [name, "option", "preset"],
      );
      assertEquals(sourceOf("connectTimeout"), "default");
    });

    it(`names its system, versions and source: ${name}`, () => {
      const { system = "", versions = "", source = "" } = preset[PRESET] ?? {};
      for (const text of [system, versions, source]) assertEquals(text.trim() === "", false);
    });
  }

  const withoutDirectives = ["chrome", "bunFetch"];
  for (const [name, make] of makers.filter(([each]) => !withoutDirectives.includes(each))) {
    it(`refuses a directive that it does not have: ${name}`, () => {
      const loose = make as (given: object) => unknown;
      assertThrows(() => loose({ timeOut: 5 }), TypeError, `"timeOut"`);
    });
  }

  it("treats undefined as not given", () => {
    assertEquals(presets.nginx({ keepaliveTimeout: undefined } as object).idleTimeout, "75s");
  });

  it("names the directive with a wrong value", () => {
    assertThrows(() => presets.jdk({ keepAliveTimeServer: "5x" as "5s" }), RangeError, "keepAliveTimeServer");
    assertThrows(() => presets.undici({ keepAliveTimeout: -1 }), RangeError, "keepAliveTimeout");
  });

  it("reports an overridden rule as an option", () => {
    const { rules } = createPool({ ...presets.jdk(), maxIdlePerOrigin: 3 }).explain("http://a.test");
    const source = rules.find(({ rule }) => rule === "maxIdlePerOrigin");
    assertEquals(source, { rule: "maxIdlePerOrigin", value: "3", source: "option" });
    const unset = createPool({ ...presets.jdk(), requestTimeout: undefined } as object);
    const { rules: others } = unset.explain("http://a.test");
    assertEquals(others.find(({ rule }) => rule === "requestTimeout")?.source, "default");
  });
});

describe("the HTTP/2 side of a preset", () => {
  const http2Of = (options: PoolOptions) => {
    const { http2, maxStreams, ping } = resolveOptions(options);
    return { http2, maxStreams, ping };
  };
  const silent = { maxStreams: OFF, ping: undefined };

  it("sets whether a pool speaks HTTP/2", () => {
    for (const preset of [all.go(), all.reqwest(), all.okHttp(), all.curl(), all.denoFetch()])
      assertEquals(http2Of(preset), { http2: "alpn", ...silent });
    for (const preset of [all.jdk(), all.nodeAgent(), all.undici({ version: "7" }), all.apacheHttpClient5()])
      assertEquals(http2Of(preset), { http2: false, ...silent });
  });

  it("sets the pings", () => {
    assertEquals(http2Of(all.chrome()).ping, { intervalMs: 10 * S, timeoutMs: 10 * S, whileIdle: false });
    assertEquals(http2Of(all.undici()).ping, { intervalMs: 60 * S, timeoutMs: OFF, whileIdle: true });
  });

  it("gives a pool the streams that a server allows", () => {
    const streams = [all.nginx(), all.envoy(), all.nodeServer()].map((preset) => http2Of(preset).maxStreams);
    assertEquals(streams, [128, 1024, OFF]);
  });
});
