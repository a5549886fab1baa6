/** Options: defaults, resolved values, and an error for every wrong one. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertStrictEquals, assertStringIncludes } from "@std/assert";
import type { PoolOptions } from "../../src/options/options.ts";
import { DEFAULTS, resolveOptions } from "../../src/options/resolve.ts";
import { memoryTransport } from "../../transports/memory.ts";

/** The error that `resolveOptions` throws, or `undefined`. */
function refusal(options: unknown): Error | undefined {
  try {
    resolveOptions(options as PoolOptions);
    return undefined;
  } catch (error) {
    assertInstanceOf(error, Error);
    return error;
  }
}

type Kind = "TypeError" | "RangeError";
type Wrong = readonly [value: unknown, kind: Kind, shown?: string];

const NOT_A_DURATION: readonly Wrong[] = [
  [-1, "RangeError"],
  [Number.NaN, "RangeError"],
  [-Infinity, "RangeError"],
  ["", "RangeError", '""'],
  ["5", "RangeError", '"5"'],
  ["5 s", "RangeError"],
  ["-5s", "RangeError"],
  ["5w", "RangeError"],
  ["1e3s", "RangeError"],
  ["Infinity", "RangeError"],
  [null, "TypeError"],
  [true, "TypeError"],
  [{}, "TypeError", "[object Object]"],
];
const NOT_A_DEADLINE: readonly Wrong[] = [...NOT_A_DURATION, [0, "RangeError"], ["0s", "RangeError", "0s"]];
const NOT_A_COUNT: readonly Wrong[] = [
  [-1, "RangeError"],
  [1.5, "RangeError"],
  [Number.NaN, "RangeError"],
  [-Infinity, "RangeError"],
  [2 ** 53, "RangeError"],
  ["5", "TypeError", '"5"'],
  [null, "TypeError"],
  [true, "TypeError"],
  [5n, "TypeError"],
];
const NOT_A_FLAG: readonly Wrong[] = [
  [0, "TypeError"],
  [1, "TypeError"],
  ["true", "TypeError", '"true"'],
  [null, "TypeError"],
  [{}, "TypeError"],
];
const NOT_A_STRATEGY: readonly Wrong[] = [
  ["strict", "TypeError", '"strict"'],
  [true, "TypeError"],
  [null, "TypeError"],
  [{}, "TypeError"],
];
const NOT_A_FUNCTION: readonly Wrong[] = [
  [null, "TypeError"],
  [{}, "TypeError"],
  ["x", "TypeError", '"x"'],
  [0, "TypeError"],
];
const NOT_KERNEL_SECONDS: readonly Wrong[] = [
  ...NOT_A_DURATION,
  [0, "RangeError"],
  [999, "RangeError"],
  ["500ms", "RangeError"],
  [32_767_001, "RangeError"],
  [Infinity, "RangeError"],
];
const NOT_A_TEXT: readonly Wrong[] = [
  [null, "TypeError", "object"],
  [5, "TypeError", "number"],
  [new Uint8Array(1), "TypeError", "object"],
];

/** Wrong values of every option. */
const WRONG: Readonly<Record<Exclude<keyof PoolOptions, symbol>, readonly Wrong[]>> = {
  idleTimeout: NOT_A_DURATION,
  unusedIdleTimeout: NOT_A_DURATION,
  maxRequests: [...NOT_A_COUNT, [0, "RangeError"]],
  maxLifetime: NOT_A_DURATION,
  lifetimeJitter: [
    [-0.1, "RangeError"],
    [1.1, "RangeError"],
    [Infinity, "RangeError"],
    [Number.NaN, "RangeError"],
    ["10%", "TypeError", '"10%"'],
    [null, "TypeError"],
  ],
  serverHints: [
    ["obey", "TypeError", '"obey"'],
    [true, "TypeError"],
    [null, "TypeError"],
    [{}, "TypeError"],
  ],
  hintMargin: NOT_A_DURATION,
  persistence: NOT_A_STRATEGY,
  origins: [
    [null, "TypeError", "null"],
    ["https://a.test", "TypeError", '"https://a.test"'],
    [{ "a.test": {} }, "TypeError", '"a.test"'],
    [{ "https://a.test": null }, "TypeError", "null"],
  ],
  maxConnections: [...NOT_A_COUNT, [0, "RangeError"]],
  maxConnectionsPerOrigin: [...NOT_A_COUNT, [0, "RangeError"]],
  maxIdle: NOT_A_COUNT,
  maxIdlePerOrigin: NOT_A_COUNT,
  maxQueue: NOT_A_COUNT,
  minIdle: [
    ...NOT_A_COUNT,
    [Infinity, "RangeError"],
    [{}, "TypeError", "minIdle.count"],
    [{ count: 0 }, "RangeError", "minIdle.count"],
    [{ count: 2, for: "-1s" }, "RangeError", "minIdle.for"],
    [{ count: 2, until: 1 }, "TypeError", '"until"'],
    [257, "RangeError", "must not exceed maxConnectionsPerOrigin (256)"],
  ],
  spread: [
    ["both", "TypeError", '"both"'],
    [true, "TypeError"],
    [null, "TypeError"],
  ],
  reuseOrder: [
    ["LIFO", "TypeError", '"LIFO"'],
    ["random", "TypeError", '"random"'],
    [null, "TypeError"],
    [1, "TypeError"],
  ],
  evictIdle: [
    ["oldest", "TypeError", '"oldest"'],
    [null, "TypeError"],
    [true, "TypeError"],
    [{ perOrigin: "newest" }, "TypeError", '"newest"'],
    [{ inAll: null }, "TypeError", "null"],
    [{ total: "stalest" }, "TypeError", '"total"'],
  ],
  doubt: [
    [true, "TypeError"],
    [null, "TypeError"],
    ["1s", "TypeError", '"1s"'],
    [{ after: 0 }, "RangeError", "doubt.after"],
    [{ after: "5m" }, "RangeError", "headersTimeout (300000 ms)"],
    [{ before: "1s" }, "TypeError", '"before"'],
  ],
  tcpKeepAlive: [
    [true, "TypeError"],
    [null, "TypeError"],
    [60_000, "TypeError"],
    ["60s", "TypeError", '"60s"'],
  ],
  proxy: [
    [null, "TypeError", "null"],
    [true, "TypeError", "true"],
    ["proxy.test:3128", "TypeError", '"proxy.test:3128"'],
    [{ host: "proxy.test" }, "TypeError", '"host"'],
  ],
  unixPath: [
    [null, "TypeError", "null"],
    ["", "TypeError", '""'],
    [5, "TypeError", "5"],
    [`/${"x".repeat(107)}`, "TypeError", "108"],
    [`/${"é".repeat(54)}`, "TypeError", "109"],
  ],
  resolve: NOT_A_FUNCTION,
  dnsRefresh: [...NOT_A_DURATION, [0, "RangeError"]],
  http2: [
    [true, "TypeError"],
    ["h2", "TypeError"],
    [null, "TypeError"],
  ],
  maxStreams: [...NOT_A_COUNT, [0, "RangeError"]],
  ping: [
    [true, "TypeError"],
    [null, "TypeError"],
    [{}, "TypeError", "undefined"],
    [{ interval: 999 }, "RangeError", "999"],
    [{ interval: "1s", timeout: 0 }, "RangeError", "0"],
    [{ interval: "1s", whileIdle: "yes" }, "TypeError", "yes"],
    [{ interval: "1s", every: 1 }, "TypeError", "every"],
  ],
  noDelay: NOT_A_FLAG,
  tls: [
    [null, "TypeError"],
    [true, "TypeError"],
    ["x", "TypeError", '"x"'],
  ],
  transport: [
    [null, "TypeError"],
    ["node", "TypeError", '"node"'],
    [{}, "TypeError"],
    [{ connect: true }, "TypeError"],
  ],
  acquireTimeout: NOT_A_DEADLINE,
  connectTimeout: NOT_A_DEADLINE,
  headersTimeout: NOT_A_DEADLINE,
  bodyIdleTimeout: NOT_A_DEADLINE,
  requestTimeout: NOT_A_DEADLINE,
  retry: NOT_A_FLAG,
  unsafeReuse: NOT_A_DURATION,
  learn: [
    [null, "TypeError"],
    ["yes", "TypeError", '"yes"'],
    [{}, "TypeError"],
    [{ store: null }, "TypeError"],
    [{ store: { get() {} } }, "TypeError"],
  ],
  strict: NOT_A_FLAG,
  responseLimits: [
    [null, "TypeError"],
    [5, "TypeError"],
  ],
  onEvent: NOT_A_FUNCTION,
  clock: [
    [null, "TypeError"],
    [Date, "TypeError"],
    [{}, "TypeError"],
    [{ now() {}, wall() {}, schedule() {} }, "TypeError"],
  ],
  random: NOT_A_FUNCTION,
};

/** Wrong values within the object of an option. */
const WRONG_INSIDE: Readonly<Record<string, (value: unknown) => object>> = {
  "tcpKeepAlive.idle": (idle) => ({ tcpKeepAlive: { idle } }),
  "tcpKeepAlive.interval": (interval) => ({ tcpKeepAlive: { interval } }),
  "tcpKeepAlive.probes": (probes) => ({ tcpKeepAlive: { probes } }),
  "tls.ca": (ca) => ({ tls: { ca } }),
  "tls.cert": (cert) => ({ tls: { cert, key: "" } }),
  "tls.key": (key) => ({ tls: { cert: "", key } }),
  "tls.pfx": (pfx) => ({ tls: { pfx } }),
  "tls.passphrase": (passphrase) => ({ tls: { passphrase, key: "", cert: "" } }),
  "tls.minVersion": (minVersion) => ({ tls: { minVersion } }),
  "tls.maxVersion": (maxVersion) => ({ tls: { maxVersion } }),
  "tls.ciphers": (ciphers) => ({ tls: { ciphers } }),
  "tls.serverName": (serverName) => ({ tls: { serverName } }),
  "tls.rejectUnauthorized": (rejectUnauthorized) => ({ tls: { rejectUnauthorized } }),
  "responseLimits.headBytes": (headBytes) => ({ responseLimits: { headBytes } }),
  "responseLimits.lineBytes": (lineBytes) => ({ responseLimits: { lineBytes } }),
  "responseLimits.headerCount": (headerCount) => ({ responseLimits: { headerCount } }),
  "responseLimits.chunkExtensionBytes": (chunkExtensionBytes) => ({
    responseLimits: { chunkExtensionBytes },
  }),
  "responseLimits.trailerBytes": (trailerBytes) => ({ responseLimits: { trailerBytes } }),
  "responseLimits.informationalCount": (informationalCount) => ({ responseLimits: { informationalCount } }),
  "responseLimits.bodyBytes": (bodyBytes) => ({ responseLimits: { bodyBytes } }),
};

function wrongInside(path: string): readonly Wrong[] {
  if (path === "tcpKeepAlive.probes") {
    return [
      [0, "RangeError"],
      [128, "RangeError"],
      [1.5, "RangeError"],
      ["3", "RangeError"],
      [null, "RangeError"],
    ];
  }
  if (path.startsWith("tcpKeepAlive")) return NOT_KERNEL_SECONDS;
  if (path === "tls.rejectUnauthorized") return NOT_A_FLAG;
  if (path === "tls.pfx") {
    return [
      [null, "TypeError", "object"],
      ["x", "TypeError", "string"],
    ];
  }
  if (path.endsWith("Version")) {
    return [
      ["1.3", "TypeError", '"1.3"'],
      [null, "TypeError", "null"],
    ];
  }
  if (path === "tls.ca") return [...NOT_A_TEXT, [["pem", 5], "TypeError", "number"]];
  return path.startsWith("tls") ? NOT_A_TEXT : [...NOT_A_COUNT, [0, "RangeError"]];
}

function assertRefused(options: unknown, option: string, [value, kind, shown = String(value)]: Wrong): void {
  const error = refusal(options);
  assertEquals(error?.name, kind, `${option}: ${String(shown)} gave ${error}`);
  assertStringIncludes(error?.message ?? "", option);
  assertStringIncludes(error?.message ?? "", shown);
}

/** Errors show the kind of an object. */
function shownOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "object" && value !== null ? "[object Object]" : String(value);
}

describe("a wrong value is refused with option and value:", () => {
  for (const [option, values] of Object.entries(WRONG)) {
    it(option, () => {
      for (const wrong of values) {
        const [value, kind, shown = shownOf(value)] = wrong;
        const said = option === "learn" && typeof value === "object" && value !== null ? "" : shown;
        assertRefused({ [option]: value }, option, [value, kind, said]);
      }
    });
  }

  for (const [path, within] of Object.entries(WRONG_INSIDE)) {
    it(path, () => {
      for (const [value, kind, shown = shownOf(value)] of wrongInside(path)) {
        assertRefused(within(value), path, [value, kind, shown]);
      }
    });
  }

  it("the options as a whole", () => {
    for (const value of [null, 5, "x", true]) assertEquals(refusal(value)?.name, "TypeError");
  });

  it("without showing a key", () => {
    const key = new TextEncoder().encode("-----BEGIN PRIVATE KEY-----");
    const { message } = refusal({ tls: { cert: "", key } }) ?? {};
    assertEquals(message, "tls.key must be a string: current value is of type object");
  });
});

describe("an unknown option is refused with the list of known ones:", () => {
  const rows: readonly (readonly [options: object, name: string, known: string])[] = [
    [{ idleTimeOut: 5 }, "idleTimeOut", "idleTimeout"],
    [{ keepAlive: true }, "keepAlive", "tcpKeepAlive"],
    [{ unknown: undefined }, "unknown", "idleTimeout"],
    [{ tcpKeepAlive: { idleMs: 5000 } }, "idleMs", "idle, interval, probes"],
    [{ tls: { rejectUnauthorised: false } }, "rejectUnauthorised", "rejectUnauthorized"],
    [{ responseLimits: { head: 5 } }, "head", "headBytes"],
    [{ learn: { cache: {} } }, "cache", "store"],
  ];
  for (const [options, name, known] of rows) {
    it(JSON.stringify(options), () => {
      const error = refusal(options);
      assertEquals(error?.name, "TypeError");
      assertStringIncludes(error?.message ?? "", `"${name}"`);
      assertStringIncludes(error?.message ?? "", known);
    });
  }

  it("even if Object.prototype has that name", () => {
    assertEquals(refusal({ toString: 1 })?.name, "TypeError");
  });
});

describe("contradictions are refused:", () => {
  it("more connections per origin than in total", () => {
    const options = { maxConnections: 10, maxConnectionsPerOrigin: 11 };
    assertEquals(
      refusal(options)?.message,
      "maxConnectionsPerOrigin (11) must not exceed maxConnections (10)",
    );
    assertEquals(refusal({ maxConnections: 10, maxConnectionsPerOrigin: 10 }), undefined);
    assertEquals(refusal({ maxConnections: 10 }), undefined, "the default is not the user's contradiction");
  });

  it("longer to connect than for the whole request", () => {
    const error = refusal({ connectTimeout: "5s", requestTimeout: "4s" });
    assertEquals(error?.message, "connectTimeout (5000 ms) must not exceed requestTimeout (4000 ms)");
    assertEquals(refusal({ requestTimeout: "4s" }), undefined);
    assertEquals(
      refusal({ requestTimeout: "4s", connectTimeout: Infinity }),
      undefined,
      "off does not contradict",
    );
  });

  it("half a client certificate", () => {
    assertStringIncludes(refusal({ tls: { cert: "pem" } })?.message ?? "", "key is missing");
    assertStringIncludes(refusal({ tls: { key: "pem" } })?.message ?? "", "cert is missing");
    const pfx = new Uint8Array(1);
    const refused: [object, string][] = [
      [{ pfx, cert: "pem", key: "pem" }, "tls.pfx and tls.cert must not be set together"],
      [{ passphrase: "p" }, "tls.passphrase must not be set without tls.key or tls.pfx"],
      [{ minVersion: "TLSv1.3", maxVersion: "TLSv1.2" }, "tls.minVersion (TLSv1.3) must not exceed"],
    ];
    for (const [tls, message] of refused) assertStringIncludes(refusal({ tls })?.message ?? "", message);
    assertEquals(refusal({ tls: { pfx, passphrase: "p" } }), undefined);
  });
});

describe("the settings", () => {
  it("are the documented defaults if nothing is set", () => {
    const { rules, clock, random, transport, onEvent, chosen, limits, ...rest } = resolveOptions();
    assertEquals(rules, {
      idleTimeoutMs: 55_000,
      unusedIdleTimeoutMs: Infinity,
      maxLifetimeMs: 3_600_000,
      lifetimeJitter: 0.1,
      maxRequests: Infinity,
      hintMarginMs: undefined,
      maxConnections: 1024,
      maxConnectionsPerOrigin: 256,
      maxIdle: Infinity,
      maxIdlePerOrigin: Infinity,
      maxQueue: 10_000,
      reuseOrder: "lifo",
      evictPerOrigin: "stalest",
      evictInAll: "stalest",
      unsafeReuseMs: 2000,
      learn: true,
      minIdle: 0,
      minIdleForMs: 300_000,
      spread: "first",
    });
    assertEquals(rest, {
      hints: "honor",
      acquireTimeoutMs: 60_000,
      connectTimeoutMs: 10_000,
      headersTimeoutMs: 300_000,
      bodyIdleTimeoutMs: 300_000,
      requestTimeoutMs: Infinity,
      http2: "alpn",
      maxStreams: 1000,
      ping: undefined,
      tcpKeepAlive: { idleMs: 15_000, intervalMs: 15_000, probes: 3 },
      noDelay: true,
      tls: {},
      proxy: false,
      unixPath: undefined,
      resolve: undefined,
      dnsRefreshMs: 30_000,
      persistence: undefined,
      preset: undefined,
      fromPreset: new Set<string>(),
      fromEntry: new Map<string, string>(),
      origins: undefined,
      retry: true,
      doubt: { afterMs: undefined },
      limitStore: undefined,
      strict: false,
    });
    assertEquals([transport, onEvent, chosen.size], [undefined, undefined, 0]);
    assertEquals([random, clock], [Math.random, DEFAULTS.clock]);
    assertEquals(limits.headBytes, 65_536);
  });

  it("treat undefined as not set", () => {
    const unset = Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, undefined]));
    assertEquals(resolveOptions(unset), resolveOptions());
    assertEquals(
      resolveOptions({ tcpKeepAlive: { idle: "60s" }, responseLimits: {} } as PoolOptions).tcpKeepAlive,
      { idleMs: 60_000, intervalMs: undefined, probes: undefined },
    );
  });

  it("know which options the user set", () => {
    const { chosen } = resolveOptions({ idleTimeout: "55s", maxIdle: undefined } as unknown as PoolOptions);
    assertEquals([...chosen], ["idleTimeout"]);
  });

  it("have the values that were set", () => {
    const transport = memoryTransport();
    const onEvent = () => {};
    const serverHints = () => ({});
    const settings = resolveOptions({
      idleTimeout: "1m",
      unusedIdleTimeout: "30s",
      maxLifetime: Infinity,
      lifetimeJitter: 0,
      maxRequests: 1,
      serverHints,
      hintMargin: 0,
      maxConnections: 5,
      maxConnectionsPerOrigin: 4,
      maxIdle: 3,
      maxIdlePerOrigin: 0,
      maxQueue: 0,
      reuseOrder: "fifo",
      evictIdle: { perOrigin: "returned" },
      unsafeReuse: Infinity,
      learn: false,
      acquireTimeout: "1s",
      connectTimeout: "2s",
      headersTimeout: "3s",
      bodyIdleTimeout: "4s",
      requestTimeout: "5s",
      tcpKeepAlive: { idle: "1s", interval: "32767s", probes: 127 },
      noDelay: false,
      tls: { ca: ["one", "two"], cert: "c", key: "k", serverName: "n", rejectUnauthorized: false },
      retry: false,
      strict: true,
      responseLimits: { headBytes: 100, lineBytes: Infinity },
      transport,
      onEvent,
    });
    assertEquals(settings.rules, {
      idleTimeoutMs: 60_000,
      unusedIdleTimeoutMs: 30_000,
      maxLifetimeMs: Infinity,
      lifetimeJitter: 0,
      maxRequests: 1,
      hintMarginMs: 0,
      maxConnections: 5,
      maxConnectionsPerOrigin: 4,
      maxIdle: 3,
      maxIdlePerOrigin: 0,
      maxQueue: 0,
      reuseOrder: "fifo",
      evictPerOrigin: "returned",
      evictInAll: "stalest",
      unsafeReuseMs: Infinity,
      learn: false,
      minIdle: 0,
      minIdleForMs: 300_000,
      spread: "first",
    });
    const { acquireTimeoutMs, connectTimeoutMs, headersTimeoutMs, bodyIdleTimeoutMs, requestTimeoutMs } =
      settings;
    assertEquals(
      [acquireTimeoutMs, connectTimeoutMs, headersTimeoutMs, bodyIdleTimeoutMs, requestTimeoutMs],
      [1000, 2000, 3000, 4000, 5000],
    );
    assertEquals(settings.tcpKeepAlive, { idleMs: 1000, intervalMs: 32_767_000, probes: 127 });
    assertEquals([settings.noDelay, settings.retry, settings.strict], [false, false, true]);
    assertEquals([settings.limits.headBytes, settings.limits.lineBytes], [100, Infinity]);
    assertEquals(
      [settings.limits.headerCount, (settings.tls as { serverName?: string }).serverName],
      [256, "n"],
    );
    assertStrictEquals(settings.transport, transport);
    assertStrictEquals(settings.onEvent, onEvent);
    assertEquals(typeof settings.hints, "function");
  });

  it("have the store given by learn", () => {
    const store = { get: () => undefined, set: () => {} };
    const settings = resolveOptions({ learn: { store } } as unknown as PoolOptions);
    assertStrictEquals(settings.limitStore, store);
    assertEquals(settings.rules.learn, true);
  });

  it("accept Infinity, which means off, for every limit", () => {
    for (const [option, value] of Object.entries(DEFAULTS)) {
      const isDuration = typeof value === "string" && /^\d/.test(value);
      const isCount = typeof value === "number" && option !== "lifetimeJitter" && option !== "minIdle";
      if (isDuration || isCount) assertEquals(refusal({ [option]: Infinity }), undefined, option);
    }
  });
});
