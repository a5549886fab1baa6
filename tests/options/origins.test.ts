/** The option `origins`: which entries an origin has, which of them counts, and what an entry may not say. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { presets } from "../../mod.ts";
import { originOf } from "../../src/contract/origin.ts";
import type { OriginOptions, PoolOptions } from "../../src/options/options.ts";
import { covers, matches, originPattern, overlap } from "../../src/options/origin-pattern.ts";
import { resolveOptions, type Settings, settingsFor } from "../../src/options/resolve.ts";

const at = (options: PoolOptions, url: string): Settings =>
  settingsFor(resolveOptions(options), originOf(url));

describe("a pattern of origins", () => {
  const rows: readonly [pattern: string, matching: readonly string[], others: readonly string[]][] = [
    ["https://a.test", ["https://a.test", "https://A.test:443/x"], ["http://a.test", "https://a.test:8443"]],
    ["https://A.TEST:443", ["https://a.test"], ["https://a.test:8443"]],
    ["https://a.test/", ["https://a.test"], ["https://b.test"]],
    ["https://bücher.test", ["https://xn--bcher-kva.test"], ["https://bucher.test"]],
    ["http://[::1]:8080", ["http://[0:0::1]:8080"], ["http://[::1]"]],
    ["http://127.0.0.1", ["http://127.1"], ["http://127.0.0.2"]],
    ["https://*.a.test", ["https://x.a.test", "https://x.y.a.test"], ["https://a.test", "https://xa.test"]],
    ["*://a.test", ["http://a.test", "https://a.test"], ["http://a.test:443", "https://b.test"]],
    ["*://a.test:8080", ["http://a.test:8080", "https://a.test:8080"], ["http://a.test"]],
    ["http://a.test:*", ["http://a.test", "http://a.test:1"], ["https://a.test"]],
    ["http://*:8080", ["http://a.test:8080", "http://[::1]:8080"], ["http://a.test"]],
    ["*://*:*", ["http://a.test:1", "https://b.test"], []],
  ];
  for (const [pattern, matching, others] of rows) {
    it(`${pattern} is for ${matching.join(", ")}`, () => {
      const read = originPattern(pattern);
      assertEquals(
        [...matching, ...others].filter((url) => matches(read, originOf(url))),
        matching,
      );
    });
  }

  const wrong = [
    "a.test",
    "",
    "https://",
    "ftp://a.test",
    "https://a.test/path",
    "https://a.test?x",
    "https://user:secret@a.test",
    "https://a*.test",
    "https://*.*.test",
    "https://*.",
    "https://x.*",
    "https://*.0.0.1",
    "https://*.[::1]",
    "https://a.test:99999",
    "https://a.test:",
    "https://a b.test",
  ];
  for (const text of wrong) {
    it(`${JSON.stringify(text)} is refused`, () => {
      const { message } = assertThrows(() => originPattern(text), TypeError);
      assertStringIncludes(message, "origins has the key");
      assert(!message.includes("secret"));
    });
  }
});

/** All origins of a small world, in which no two patterns have the same ones. */
const HOSTS = ["a.test", "x.a.test", "y.x.a.test", "b.test"];
const WORLD = [...HOSTS, "z.x.a.test", "c.example"].flatMap((host) =>
  ["http", "https"].flatMap((scheme) =>
    ["", ":8080", ":9"].map((port) => originOf(`${scheme}://${host}${port}`)),
  ),
);
const somePattern = fc
  .record({
    scheme: fc.constantFrom("http", "https", "*"),
    host: fc.constantFrom(...HOSTS, "*.a.test", "*.x.a.test", "*.test", "*"),
    port: fc.constantFrom("", ":8080", ":*"),
  })
  .map(({ scheme, host, port }) => `${scheme}://${host}${port}`);
const membersOf = (pattern: string) => WORLD.filter((origin) => matches(originPattern(pattern), origin));

describe("the entries of an origin", () => {
  it("are compared as the sets that they are", () => {
    fc.assert(
      fc.property(somePattern, somePattern, (one, other) => {
        const [own, others] = [membersOf(one), membersOf(other)];
        const shared = own.filter((origin) => others.includes(origin));
        assertEquals(overlap(originPattern(one), originPattern(other)), shared.length > 0);
        assertEquals(covers(originPattern(one), originPattern(other)), shared.length === others.length);
      }),
    );
  });

  it("count from the narrowest to the widest, then the pool's own, or there is an error for two that overlap", () => {
    const someEntries = fc.uniqueArray(
      fc.tuple(
        somePattern,
        fc.record({ idleTimeout: fc.nat(99), maxRequests: fc.integer({ min: 1 }) }, { requiredKeys: [] }),
      ),
      { maxLength: 5, selector: ([pattern]) => pattern },
    );
    fc.assert(
      fc.property(someEntries, (entries) => {
        const origins = Object.fromEntries(entries) as Record<string, OriginOptions>;
        const sets = entries.map(([pattern, options]) => ({ members: new Set(membersOf(pattern)), options }));
        const nested = (one: Set<unknown>, other: Set<unknown>) => [...one].every((each) => other.has(each));
        const clash = sets.some(({ members: one }, index) =>
          sets.slice(index + 1).some(({ members: other }) => {
            const meet = [...one].some((each) => other.has(each));
            return meet && nested(one, other) === nested(other, one);
          }),
        );
        if (clash) return void assertThrows(() => resolveOptions({ origins }), RangeError, "origins has");
        for (const origin of WORLD) {
          const chain = sets
            .filter(({ members }) => members.has(origin))
            .sort((one, other) => one.members.size - other.members.size)
            .map(({ options }) => options);
          const { rules } = settingsFor(resolveOptions({ origins, idleTimeout: 100 }), origin);
          const find = (name: "idleTimeout" | "maxRequests") =>
            chain.find((options) => options[name] !== undefined)?.[name];
          assertEquals(
            [rules.idleTimeoutMs, rules.maxRequests],
            [find("idleTimeout") ?? 100, find("maxRequests") ?? Infinity],
          );
        }
      }),
    );
  });

  it("are resolved once: the same object every time", () => {
    const settings = resolveOptions({ origins: { "https://*.test": { noDelay: false } } });
    const first = settingsFor(settings, originOf("https://a.test"));
    assertEquals(first.noDelay, false);
    assert(settingsFor(settings, originOf("https://a.test")) === first);
    assert(settingsFor(settings, originOf("https://b.test")) === first);
    assert(settingsFor(settings, originOf("http://a.test")).noDelay);
  });
});

describe("an entry", () => {
  it("may set every rule", () => {
    const own = at(
      {
        origins: {
          "https://a.test": {
            idleTimeout: 1,
            serverHints: "ignore",
            persistence: () => true,
            http2: false,
            maxStreams: 7,
            ping: { interval: "9s" },
            tls: { serverName: "x" },
            proxy: "http://proxy.test",
            tcpKeepAlive: false,
            acquireTimeout: 2,
            connectTimeout: 3,
            headersTimeout: 4,
            bodyIdleTimeout: 5,
            requestTimeout: 6,
            retry: false,
            doubt: false,
            learn: false,
            responseLimits: { bodyBytes: 8 },
          },
        },
      },
      "https://a.test",
    );
    assertEquals(
      [own.rules.idleTimeoutMs, own.acquireTimeoutMs, own.connectTimeoutMs, own.headersTimeoutMs],
      [1, 2, 3, 4],
    );
    assertEquals(
      [own.bodyIdleTimeoutMs, own.requestTimeoutMs, own.maxStreams, own.limits.bodyBytes],
      [5, 6, 7, 8],
    );
    assertEquals(
      [own.hints, own.http2, own.ping?.intervalMs, own.tcpKeepAlive],
      ["ignore", false, 9000, false],
    );
    assertEquals(
      [own.retry, own.doubt, own.rules.learn, own.tls],
      [false, false, false, { serverName: "x" }],
    );
    assertEquals(typeof own.proxy === "object" && own.proxy.shown, "http://proxy.test:80");
  });

  it("reads like the options of a pool that has these origins only", () => {
    const limits = (options: OriginOptions) => {
      const { rules } = at(
        { maxConnections: 100, maxIdle: 50, origins: { "http://a.test": options } },
        "http://a.test",
      );
      const { maxConnections, maxConnectionsPerOrigin, maxIdle, maxIdlePerOrigin } = rules;
      return [maxConnections, maxConnectionsPerOrigin, maxIdle, maxIdlePerOrigin];
    };
    assertEquals(limits({}), [100, 256, 50, Infinity]);
    assertEquals(limits({ maxConnections: 10 }), [100, 10, 50, Infinity]);
    assertEquals(limits({ maxConnectionsPerOrigin: 10 }), [100, 10, 50, Infinity]);
    assertEquals(limits({ maxConnections: 10, maxConnectionsPerOrigin: 5 }), [100, 5, 50, Infinity]);
    assertEquals(limits({ maxIdle: 3 }), [100, 256, 50, 3]);
    assertEquals(limits({ maxIdle: 0 }), [100, 256, 50, 0]);
  });

  it("may be a preset, with rules after it", () => {
    const own = at(
      {
        maxIdle: 9,
        evictIdle: "stalest",
        origins: { "http://a.test": { ...presets.go(), idleTimeout: "5s" } },
      },
      "http://a.test",
    );
    assertEquals([own.rules.idleTimeoutMs, own.rules.maxIdle, own.rules.evictInAll], [5000, 9, "stalest"]);
    assertEquals(own.rules.maxIdlePerOrigin, 2);
    assertEquals(own.preset?.system.includes("Go"), true);
    assertEquals([own.fromPreset.has("maxIdlePerOrigin"), own.fromPreset.has("idleTimeout")], [true, false]);
  });
});

const refused: readonly [what: string, options: unknown, kind: ErrorConstructor, message: string][] = [
  [
    "two patterns that overlap",
    { origins: { "https://*.a.test": {}, "*://x.a.test": {} } },
    RangeError,
    'overlap: "https://*.a.test" and "*://x.a.test"',
  ],
  [
    "the same origin twice",
    { origins: { "https://a.test": {}, "https://A.test:443": {} } },
    RangeError,
    'twice: "https://a.test" and "https://A.test:443"',
  ],
  [
    "an unknown name",
    { origins: { "https://a.test": { idle: 1 } } },
    TypeError,
    'origins["https://a.test"]: Unknown option "idle"',
  ],
  [
    "a wrong value",
    { origins: { "https://a.test": { idleTimeout: "5 s" } } },
    RangeError,
    'origins["https://a.test"]: idleTimeout must',
  ],
  [
    "a wrong number",
    { origins: { "https://a.test": { maxConnections: "5" } } },
    TypeError,
    'origins["https://a.test"]: maxConnections must be a number',
  ],
  [
    "more connections than the pool has",
    { origins: { "https://a.test": { maxConnections: 2000 } } },
    RangeError,
    "maxConnections (2000) must not exceed maxConnections of the pool (1024)",
  ],
  [
    "more idle ones than the pool keeps",
    { maxIdle: 5, origins: { "https://a.test": { maxIdlePerOrigin: 6 } } },
    RangeError,
    "maxIdlePerOrigin (6) must not exceed maxIdle of the pool (5)",
  ],
  [
    "two limits that contradict each other",
    { origins: { "https://a.test": { maxConnections: 2, maxConnectionsPerOrigin: 3 } } },
    RangeError,
    "maxConnectionsPerOrigin (3) must not exceed maxConnections (2)",
  ],
  [
    "a contradiction between two entries",
    { origins: { "https://*.test": { requestTimeout: "1s" }, "https://a.test": { connectTimeout: "2s" } } },
    RangeError,
    'origins["https://a.test"]: connectTimeout (2000 ms) must not exceed requestTimeout',
  ],
  [
    "a contradiction with the pool",
    { proxy: "http://p.test", origins: { "https://a.test": { unixPath: "/x" } } },
    RangeError,
    'origins["https://a.test"]: unixPath and proxy',
  ],
  [
    "the pool's transport",
    { origins: { "https://a.test": { transport: {} } } },
    TypeError,
    "transport is the pool's",
  ],
  ["the pool's clock", { origins: { "https://a.test": { clock: {} } } }, TypeError, "clock is the pool's"],
  [
    "the pool's resolver",
    { origins: { "https://a.test": { resolve: () => [] } } },
    TypeError,
    "resolve is the pool's",
  ],
  [
    "a store",
    { origins: { "https://a.test": { learn: { store: new Map() } } } },
    TypeError,
    "learn.store is the pool's",
  ],
  [
    "whom the pool evicts",
    { origins: { "https://a.test": { evictIdle: { inAll: "returned" } } } },
    TypeError,
    "evictIdle.inAll is the pool's",
  ],
  [
    "entries within an entry",
    { origins: { "https://a.test": { origins: {} } } },
    TypeError,
    "origins is the pool's",
  ],
];

describe("refused when the pool is made:", () => {
  for (const [what, options, kind, message] of refused)
    it(what, () => void assertThrows(() => resolveOptions(options as PoolOptions), kind, message));
});

describe("a function", () => {
  it("is asked once for each origin, and rules that are the same object are resolved once", () => {
    const asked: string[] = [];
    const slow: OriginOptions = { headersTimeout: "9m" };
    const settings = resolveOptions({
      origins(origin) {
        asked.push(origin);
        return origin.endsWith(".slow.test") ? slow : undefined;
      },
    });
    const of = (url: string) => settingsFor(settings, originOf(url));
    assertEquals(
      [of("http://a.slow.test").headersTimeoutMs, of("http://a.slow.test/x").headersTimeoutMs],
      [540_000, 540_000],
    );
    assert(of("http://a.slow.test") === of("http://b.slow.test"));
    assertEquals(of("http://c.test").headersTimeoutMs, 300_000);
    assertEquals(asked, ["http://a.slow.test", "http://b.slow.test", "http://c.test"]);
    assertEquals(of("http://a.slow.test").fromEntry.get("headersTimeout"), "a function");
  });

  const bad: readonly [what: string, origins: () => unknown, message: string][] = [
    [
      "throws",
      () => {
        throw new Error("no");
      },
      "origins threw: Error: no",
    ],
    ["gives no rules", () => "fast", "origins must return rules or undefined: got fast"],
    ["gives a promise", async () => ({}), "origins must return rules or undefined"],
    ["gives a wrong rule", () => ({ idleTimeout: -1 }), "origins gave a wrong answer: idleTimeout"],
    [
      "gives what is the pool's",
      () => ({ strict: true }),
      "origins gave a wrong answer: strict is the pool's",
    ],
  ];
  for (const [what, origins, message] of bad) {
    it(`that ${what} fails the request with ERR_FUNCTION, and is asked again`, () => {
      let asked = 0;
      const ask = () => {
        asked += 1;
        return origins() as undefined;
      };
      const settings = resolveOptions({ origins: ask });
      for (const _ of [1, 2]) {
        const error = assertThrows(() => settingsFor(settings, originOf("http://a.test"))) as Error & {
          code: string;
        };
        assertStringIncludes(error.message, `No rules for http://a.test: ${message}`);
        assertEquals(error.code, "ERR_FUNCTION");
      }
      assertEquals(asked, 2);
    });
  }
});
