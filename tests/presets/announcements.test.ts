/** What each server preset announces in `Connection` and `Keep-Alive`, for each kind of response. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { presets } from "../../mod.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { ANNOUNCER, type AnnouncedFacts, type ServerPreset } from "../../src/rules/server-side.ts";

type Announced = readonly [connection: string, keepAlive: string];

/** `Connection` and `Keep-Alive` of a response; `-` if the field is missing. */
function announced(preset: ServerPreset, changes: Partial<AnnouncedFacts> = {}): Announced {
  const { rules } = resolveOptions(preset);
  const facts = {
    last: false,
    idleTimeoutMs: rules.idleTimeoutMs,
    maxRequests: rules.maxRequests,
    remaining: rules.maxRequests - 1,
    minorVersion: 1,
    asked: { close: false, keepAlive: false },
  };
  const { connection = "-", keepAlive = "-" } = preset[ANNOUNCER]({ ...facts, ...changes });
  return [connection, keepAlive];
}

const ASKED = { asked: { close: false, keepAlive: true } };

describe("a response that is not the last announces", () => {
  type Row = readonly [
    what: string,
    preset: ServerPreset,
    unasked: Announced,
    asked: Announced,
    http10: Announced,
  ];
  const rows: readonly Row[] = [
    ["nginx", presets.nginx(), ["keep-alive", "-"], ["keep-alive", "-"], ["keep-alive", "-"]],
    [
      "nginx with a second argument",
      presets.nginx({ keepaliveTimeout: "5s", announcedTimeout: "60s" }),
      ["keep-alive", "timeout=60"],
      ["keep-alive", "timeout=60"],
      ["keep-alive", "timeout=60"],
    ],
    ["Tomcat", presets.tomcat(), ["-", "-"], ["keep-alive", "timeout=60"], ["keep-alive", "timeout=60"]],
    [
      "Tomcat with less than a second",
      presets.tomcat({ keepAliveTimeout: "500ms" }),
      ["-", "-"],
      ["keep-alive", "timeout=0"],
      ["keep-alive", "timeout=0"],
    ],
    [
      "Tomcat without a timeout",
      presets.tomcat({ keepAliveTimeout: Infinity }),
      ["-", "-"],
      ["-", "-"],
      ["keep-alive", "-"],
    ],
    [
      "Tomcat without the header",
      presets.tomcat({ useKeepAliveResponseHeader: false }),
      ["-", "-"],
      ["-", "-"],
      ["keep-alive", "-"],
    ],
    ["Envoy", presets.envoy(), ["-", "-"], ["-", "-"], ["keep-alive", "-"]],
    [
      "HAProxy",
      presets.haproxy({ timeoutHttpKeepAlive: "10s" }),
      ["-", "-"],
      ["-", "-"],
      ["keep-alive", "-"],
    ],
    [
      "Node",
      presets.nodeServer(),
      ["keep-alive", "timeout=5"],
      ["keep-alive", "timeout=5"],
      ["keep-alive", "timeout=5"],
    ],
    [
      "Node with a request limit, which is not counted down",
      presets.nodeServer({ maxRequestsPerSocket: 3 }),
      ["keep-alive", "timeout=5, max=3"],
      ["keep-alive", "timeout=5, max=3"],
      ["keep-alive", "timeout=5, max=3"],
    ],
    [
      "Node with less than a second",
      presets.nodeServer({ keepAliveTimeout: "999ms" }),
      ["keep-alive", "timeout=0"],
      ["keep-alive", "timeout=0"],
      ["keep-alive", "timeout=0"],
    ],
    [
      "httpd",
      presets.httpd(),
      ["-", "-"],
      ["keep-alive", "timeout=5, max=100"],
      ["keep-alive", "timeout=5, max=100"],
    ],
    [
      "httpd without a limit",
      presets.httpd({ maxKeepAliveRequests: Infinity }),
      ["-", "-"],
      ["keep-alive", "timeout=5"],
      ["keep-alive", "timeout=5"],
    ],
  ];
  for (const [what, preset, unasked, asked, http10] of rows) {
    it(what, () => {
      const found = [
        announced(preset),
        announced(preset, ASKED),
        announced(preset, { ...ASKED, minorVersion: 0 }),
      ];
      assertEquals(found, [unasked, asked, http10]);
      assertEquals(announced(preset, { ...ASKED, last: true }), ["close", "-"], "the last response");
    });
  }

  it("httpd: the requests left, down to 1", () => {
    const preset = presets.httpd({ maxKeepAliveRequests: 2 });
    assertEquals(preset.maxRequests, 3);
    assertEquals(announced(preset, { ...ASKED, remaining: 2 })[1], "timeout=5, max=2");
    assertEquals(announced(preset, { ...ASKED, remaining: 1 })[1], "timeout=5, max=1");
  });
});

describe("a server preset", () => {
  it("announces an overridden limit with its own announcer", () => {
    const preset = { ...presets.nodeServer(), idleTimeout: "31s", maxRequests: 10 } as const;
    assertEquals(announced(preset), ["keep-alive", "timeout=30, max=10"]);
  });

  it("of Node closes one second after the announced timeout", () => {
    assertEquals(presets.nodeServer().idleTimeout, 6000);
    assertEquals(presets.nodeServer({ keepAliveTimeout: "9s", keepAliveTimeoutBuffer: 0 }).idleTimeout, 9000);
  });

  it("of Envoy sets its stream idle timeout in a pool", () => {
    assertEquals(resolveOptions(presets.envoy()).bodyIdleTimeoutMs, 300_000);
    assertEquals(resolveOptions(presets.envoy({ streamIdleTimeout: "9s" })).bodyIdleTimeoutMs, 9000);
  });
});
