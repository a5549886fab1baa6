/** How the four families of clients that read `Keep-Alive` read each value. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type HintReader, type PoolOptions, presets } from "../../mod.ts";
import type { HintSource } from "../../src/rules/hints.ts";

const S = 1000;
const NOW = 0;
const EVER = Infinity;

/** The idle time after a response; 0 if the connection ends. */
function idleMs(preset: PoolOptions, changes: Partial<HintSource>): number {
  const read = preset.serverHints as HintReader;
  const { connection = "keep-alive" } = changes;
  const source = { keepAlive: undefined, connection, minorVersion: 1, proxied: false, requests: 1 };
  const lines = (name: string) => (name === "connection" && connection !== "" ? [connection] : []);
  const { timeoutMs = EVER, remaining = 1 } = read({ ...source, lines, ...changes });
  return remaining <= 0 ? NOW : timeoutMs;
}

const columns = {
  undici: presets.undici(),
  "undici 8.10": presets.undici({ version: "8.10" }),
  "Node Agent": presets.nodeAgent(),
  "HttpClient 5": presets.apacheHttpClient5(),
  "HttpClient 4": presets.apacheHttpClient4(),
  JDK: presets.jdk(),
};

type Row = readonly [value: string | undefined, ...idleMs: readonly number[]];

const rows: readonly Row[] = [
  // value, undici 8.12, undici 8.10, Node Agent, HttpClient 5, HttpClient 4, JDK
  [undefined, 4 * S, 4 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["timeout=5", 3 * S, 3 * S, 4 * S, 5 * S, 5 * S, 5 * S],
  ["timeout=1", NOW, NOW, NOW, 1 * S, 1 * S, 1 * S],
  ["timeout=2", NOW, NOW, 1 * S, 2 * S, 2 * S, 2 * S],
  ["timeout=0", NOW, NOW, NOW, EVER, EVER, NOW],
  ["timeout=-1", 4 * S, 4 * S, 5 * S, EVER, EVER, 5 * S],
  ["timeout=+7", 4 * S, 4 * S, 5 * S, 7 * S, 7 * S, 7 * S],
  ["Timeout=5", 3 * S, 4 * S, 5 * S, 5 * S, 5 * S, 5 * S],
  ['timeout="5"', 4 * S, 4 * S, 5 * S, 5 * S, 5 * S, 5 * S],
  ["timeout = 5", 4 * S, 4 * S, 5 * S, 5 * S, 5 * S, 5 * S],
  ["timeout = 9", 4 * S, 4 * S, 5 * S, 9 * S, 9 * S, 5 * S],
  ["max=5, timeout=9", 7 * S, 7 * S, 5 * S, 9 * S, 9 * S, 9 * S],
  ["timeout=9;max=10", 7 * S, 7 * S, 5 * S, 9 * S, 9 * S, 5 * S],
  ["timeout=9 max=10", 7 * S, 7 * S, 5 * S, 180 * S, EVER, 9 * S],
  ["timeout=7, timeout=9", 5 * S, 5 * S, 5 * S, 7 * S, 7 * S, 7 * S],
  ["timeout=abc", 4 * S, 4 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["timeout=abc, timeout=7", 5 * S, 5 * S, 5 * S, 7 * S, 7 * S, 5 * S],
  ["timeout=7.9", 5 * S, 5 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["timeout=99999999999", 600 * S, 600 * S, 5 * S, 99_999_999_999 * S, 99_999_999_999 * S, 5 * S],
  ["timeout=2147483", 600 * S, 600 * S, 5 * S, 2_147_483 * S, 2_147_483 * S, 2_147_483 * S],
  ["timeout=2147484", 600 * S, 600 * S, 5 * S, 2_147_484 * S, 2_147_484 * S, NOW],
  ["timeout=2147483648", 600 * S, 600 * S, 5 * S, 2_147_483_648 * S, 2_147_483_648 * S, 5 * S],
  // For 2^63 / 1000 seconds, the ms overflow a Java long. 4.5 reads the negative result as "for ever".
  ["timeout=9223372036854776", 600 * S, 600 * S, 5 * S, 9_223_372_036_854_776 * S, EVER, 5 * S],
  ["timeout=9223372036854775808", 600 * S, 600 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["idletimeout=9", 4 * S, 7 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["max=0", 4 * S, 4 * S, 5 * S, 180 * S, EVER, NOW],
  ["max=1", 4 * S, 4 * S, 5 * S, 180 * S, EVER, NOW],
  ["max=2", 4 * S, 4 * S, 5 * S, 180 * S, EVER, 5 * S],
  ["timeout=9, max=1", 7 * S, 7 * S, 5 * S, 9 * S, 9 * S, NOW],
  ["timeout=9, max=100", 7 * S, 7 * S, 5 * S, 9 * S, 9 * S, 9 * S],
  ["", 4 * S, 4 * S, 5 * S, 180 * S, EVER, 5 * S],
];

describe("Keep-Alive", () => {
  for (const [value, ...expected] of rows) {
    it(value === undefined ? "a missing header" : JSON.stringify(value), () => {
      const found = Object.values(columns).map((preset) => idleMs(preset, { keepAlive: value }));
      assertEquals(found, expected, Object.keys(columns).join(", "));
    });
  }
});

describe("the JDK", () => {
  const jdk = presets.jdk();

  it("reads Keep-Alive only beside a Connection that is exactly keep-alive", () => {
    const keepAlive = "timeout=9, max=1";
    for (const connection of ["", "close", "foo", "keep-alive, foo"])
      assertEquals(idleMs(jdk, { keepAlive, connection }), 5 * S, connection);
    for (const connection of ["keep-alive", "Keep-Alive", " keep-alive "])
      assertEquals(idleMs(jdk, { keepAlive: "timeout=9", connection }), 9 * S, connection);
  });

  it("keeps connections behind a proxy for 60 s instead of 5 s, if the token is there", () => {
    assertEquals(idleMs(jdk, { proxied: true }), 60 * S);
    assertEquals(idleMs(jdk, { proxied: true, keepAlive: "timeout=9" }), 9 * S);
    assertEquals(idleMs(jdk, { proxied: true, connection: "" }), 5 * S);
    const relayed = (name: string) => (name === "proxy-connection" ? ["keep-alive"] : ["foo"]);
    assertEquals(idleMs(jdk, { proxied: true, lines: relayed }), 60 * S);
    assertEquals(idleMs(jdk, { proxied: false, lines: relayed }), 5 * S);
  });

  it("ignored timeout=0 before JDK-8291638", () => {
    const old = presets.jdk({ generation: "old" });
    assertEquals(idleMs(old, { keepAlive: "timeout=0" }), 5 * S);
    assertEquals(idleMs(old, { keepAlive: "timeout=9" }), 9 * S);
  });

  it("has the idle times of its system properties", () => {
    const set = presets.jdk({ keepAliveTimeServer: "7s", keepAliveTimeProxy: "8s" });
    assertEquals([idleMs(set, {}), idleMs(set, { proxied: true })], [7 * S, 8 * S]);
  });

  it("lets max=2 keep a connection for ever, because it counts nothing", () => {
    for (let requests = 1; requests < 10; requests++)
      assertEquals(idleMs(jdk, { keepAlive: "max=2", requests }), 5 * S);
  });
});

describe("Node's Agent", () => {
  it("ignores the hint if it has no timeout of its own, unless nothing is left", () => {
    const own = presets.nodeAgent({ timeout: Infinity });
    for (const [keepAlive, expected] of [
      ["timeout=5", EVER],
      ["timeout=1", NOW],
      [undefined, EVER],
    ] as const)
      assertEquals(idleMs(own, { keepAlive }), expected);
  });

  it("lets a hint lower its timeout, but not raise it", () => {
    const own = presets.nodeAgent({ timeout: "20s", agentKeepAliveTimeoutBuffer: "3s" });
    assertEquals(idleMs(own, { keepAlive: "timeout=10" }), 7 * S);
    assertEquals(idleMs(own, { keepAlive: "timeout=60" }), 20 * S);
  });
});

describe("every other client", () => {
  const ignoring = [
    "reqwest",
    "jdkHttpClient",
    "chrome",
    "go",
    "okHttp",
    "curl",
    "denoFetch",
    "bunFetch",
    "nginxUpstream",
  ] as const;
  for (const name of ignoring) {
    it(`ignores Keep-Alive: ${name}`, () => assertEquals(presets[name]().serverHints, "ignore"));
  }
});
