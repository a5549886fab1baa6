/** Rules and options of the middlewares: what is refused at start-up, and what load balancers are given. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { resolveKeepAlive } from "../../../src/hono/inbound/keep-alive-rules.ts";
import { BALANCER_NAMES, behind, keepAlive, upstream } from "../../../src/hono/mod.ts";
import { ANNOUNCER } from "../../../src/rules/server-side.ts";

/** What JavaScript may pass, whatever the types say: it is taken for anything. */
type Wrong = never;

describe("keepAlive()", () => {
  const refused: [rules: unknown, error: typeof TypeError | typeof RangeError, names: string][] = [
    ["nginx", TypeError, "rules"],
    [null, TypeError, "rules"],
    [{ idleTimeut: "5s" }, TypeError, "idleTimeut"],
    [{ serverHints: "ignore" }, TypeError, "serverHints"],
    [{ idleTimeout: "5 seconds" }, RangeError, "idleTimeout"],
    [{ idleTimeout: -1 }, RangeError, "idleTimeout"],
    [{ idleTimeout: null }, TypeError, "idleTimeout"],
    [{ idleTimeout: 1999 }, RangeError, "idleTimeout"],
    [{ maxRequests: 0 }, RangeError, "maxRequests"],
    [{ maxRequests: 1.5 }, RangeError, "maxRequests"],
    [{ maxLifetime: "soon" }, RangeError, "maxLifetime"],
    [{ lifetimeJitter: 2 }, RangeError, "lifetimeJitter"],
  ];
  for (const [rules, error, names] of refused) {
    it(`refuses ${JSON.stringify(rules)} at start-up, naming ${names}`, () => {
      assertThrows(() => keepAlive(rules as Wrong), error, names);
    });
  }

  it("refuses unknown and wrong options", () => {
    assertThrows(() => keepAlive({}, { maxTrackd: 1 } as Wrong), TypeError, "maxTrackd");
    assertThrows(() => keepAlive({}, { maxTracked: 0 }), RangeError, "maxTracked");
    assertThrows(() => keepAlive({}, { onEvent: 1 } as Wrong), TypeError, "onEvent");
  });

  it("takes a preset's limits, its announcer, and what overrides them", () => {
    const announce = () => ({ connection: "keep-alive" as const });
    const preset = {
      idleTimeout: "500ms",
      maxRequests: 1000,
      maxLifetime: "1h",
      [ANNOUNCER]: announce,
    } as const;
    const made = resolveKeepAlive({ ...preset, maxRequests: 10 });
    const { idleTimeoutMs, maxRequests, maxLifetimeMs } = made.rules;
    assertEquals([idleTimeoutMs, maxRequests, maxLifetimeMs], [500, 10, 3_600_000]);
    assertEquals(made.announce, announce);
  });
});

describe("behind()", () => {
  it("keeps on the right side of each balancer's idle timeout", () => {
    const seconds = Object.fromEntries(
      BALANCER_NAMES.map((name) => [name, Number(behind(name).idleTimeout) / 1000]),
    );
    assertEquals(seconds, {
      "aws-alb": 65,
      "aws-elb": 65,
      "aws-nlb": 345,
      "aws-cloudfront": 10,
      "gcp-lb": 605,
      cloudflare: 905,
      "azure-lb": 235,
      "azure-app-gateway": 245,
      heroku: 95,
      nginx: 65,
      envoy: 3605,
      caddy: 125,
      traefik: 95,
    });
  });

  it("stands in docs/hono.md", () => {
    const document = readFileSync(new URL("../../../docs/hono.md", import.meta.url), "utf8");
    const rows = [...document.matchAll(/^\| (`[a-z0-9`, -]+`) \| (\d+) s(, forgets)? \| (\d+) s \|$/gm)];
    const documented = rows.flatMap(([, names = "", , , ours]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, Number(ours) * 1000]),
    );
    assertEquals(
      documented,
      BALANCER_NAMES.map((name) => [name, behind(name).idleTimeout]),
    );
  });

  it("follows a balancer that was set otherwise", () => {
    assertEquals(behind("aws-alb", { idleTimeout: "300s" }).idleTimeout, 305_000);
    assertEquals(behind("aws-nlb", { idleTimeout: "60s" }).idleTimeout, 55_000);
  });

  it("leaves everything else to the balancer", () => {
    const { rules } = resolveKeepAlive(behind("nginx"));
    assertEquals([rules.maxRequests, rules.maxLifetimeMs], [Infinity, Infinity]);
  });

  it("refuses unknown names and timeouts that leave no room", () => {
    assertThrows(() => behind("aws" as Wrong), TypeError, '"aws-alb"');
    assertThrows(() => behind("aws-nlb", { idleTimeout: "6s" }), RangeError, "idleTimeout");
    assertThrows(() => behind("nginx", { idleTimeout: "6" as Wrong }), RangeError, "idleTimeout");
  });
});

describe("upstream()", () => {
  it("refuses unknown and wrong options at start-up", () => {
    assertThrows(() => upstream({ idleTimeut: 1 } as Wrong), TypeError, "idleTimeut");
    assertThrows(() => upstream({ maxQueue: -1 }), RangeError, "maxQueue");
    assertThrows(() => upstream({}, { serverTimings: true } as Wrong), TypeError, "serverTimings");
    assertThrows(() => upstream({}, { serverTiming: 1 } as Wrong), TypeError, "serverTiming");
    assertThrows(() => upstream("https://a.test" as Wrong), TypeError, "options");
  });
});
