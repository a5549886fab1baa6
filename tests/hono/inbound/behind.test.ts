/** The rules for a server behind each load balancer, and their documentation. */

import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { BALANCER_NAMES, behind } from "../../../src/hono/mod.ts";
import { resolveKeepAlive } from "../../../src/inbound/keep-alive-rules.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

describe("behind()", () => {
  it("sets an idle timeout on the right side of each balancer's", () => {
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
      "azure-front-door": 95,
      heroku: 95,
      fly: 65,
      render: 125,
      railway: 65,
      nginx: 65,
      "ingress-nginx": 65,
      kong: 65,
      haproxy: 65,
      envoy: 3605,
      caddy: 125,
      traefik: 95,
    });
  });

  it("is documented in docs/hono.md with the same numbers", () => {
    const document = readFileSync(new URL("../../../docs/hono.md", import.meta.url), "utf8");
    const rows = [...document.matchAll(/^\| (`[a-z0-9`, -]+`) \| (\d+) s(, drops)? \| (\d+) s \|$/gm)];
    const documented = rows.flatMap(([, names = "", , , ours]) =>
      [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name, Number(ours) * 1000]),
    );
    assertEquals(
      documented,
      BALANCER_NAMES.map((name) => [name, behind(name).idleTimeout]),
    );
  });

  it("follows a changed idle timeout of the balancer", () => {
    assertEquals(behind("aws-alb", { idleTimeout: "300s" }).idleTimeout, 305_000);
    assertEquals(behind("aws-nlb", { idleTimeout: "60s" }).idleTimeout, 55_000);
  });

  it("sets no other limit", () => {
    const { rules } = resolveKeepAlive(behind("nginx"));
    assertEquals([rules.maxRequests, rules.maxLifetimeMs], [Infinity, Infinity]);
  });

  it("refuses unknown names and timeouts that are too short", () => {
    assertThrows(() => behind("aws" as Wrong), TypeError, '"aws-alb"');
    assertThrows(() => behind("aws-nlb", { idleTimeout: "6s" }), RangeError, "idleTimeout");
    assertThrows(() => behind("nginx", { idleTimeout: "6" as Wrong }), RangeError, "idleTimeout");
  });
});
