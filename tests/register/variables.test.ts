/** Variables: how text becomes options, and what is said of text that cannot. */

import { describe, it } from "node:test";
import { assertEquals, assertInstanceOf, assertNotMatch } from "@std/assert";
import type { PoolOptions } from "../../mod.ts";
import { DEFAULTS } from "../../src/options/resolve.ts";
import { variableOf, withVariables } from "../../src/register/variables.ts";

function refusal(env: Readonly<Record<string, string>>, others: PoolOptions = {}): string {
  try {
    withVariables(others, env);
    return "accepted";
  } catch (error) {
    assertInstanceOf(error, Error);
    return `${error.name}: ${error.message}`;
  }
}

describe("a HOLDFAST_ variable", () => {
  const READ: readonly (readonly [variable: string, text: string, option: string, value: unknown])[] = [
    ["HOLDFAST_IDLE_TIMEOUT", "50s", "idleTimeout", "50s"],
    ["HOLDFAST_IDLE_TIMEOUT", "1500", "idleTimeout", 1500],
    ["HOLDFAST_MAX_LIFETIME", "Infinity", "maxLifetime", Infinity],
    ["HOLDFAST_LIFETIME_JITTER", "0.25", "lifetimeJitter", 0.25],
    ["HOLDFAST_MAX_IDLE_PER_ORIGIN", "0", "maxIdlePerOrigin", 0],
    ["HOLDFAST_RETRY", "false", "retry", false],
    ["HOLDFAST_SERVER_HINTS", "ignore", "serverHints", "ignore"],
    ["HOLDFAST_UNIX_PATH", "1", "unixPath", "1"],
    ["HOLDFAST_PROXY", "http://proxy.test:3128", "proxy", "http://proxy.test:3128"],
    ["HOLDFAST_TCP_KEEP_ALIVE", '{"idle":"60s"}', "tcpKeepAlive", { idle: "60s" }],
    ["HOLDFAST_RESPONSE_LIMITS", '{"headBytes":1000}', "responseLimits", { headBytes: 1000 }],
  ];
  for (const [variable, text, option, value] of READ) {
    it(`${variable}=${text} is ${option}`, () => {
      assertEquals(withVariables({}, { [variable]: text }), { [option]: value });
    });
  }

  it("is there for every option", () => {
    assertEquals(variableOf("maxConnectionsPerOrigin"), "HOLDFAST_MAX_CONNECTIONS_PER_ORIGIN");
    for (const option of Object.keys(DEFAULTS)) {
      assertNotMatch(refusal({ [variableOf(option)]: "?" }), /^TypeError: Unknown variable/);
    }
  });

  it("wins over other options, and sets nothing where it is empty", () => {
    const others: PoolOptions = { maxRequests: 5, maxQueue: 7 };
    const env = { HOLDFAST_MAX_REQUESTS: "6", HOLDFAST_MAX_QUEUE: "", OTHER: "x", HOLDFAST_DEBUG: "1" };
    assertEquals(withVariables(others, env), { maxRequests: 6, maxQueue: 7 });
  });

  const REFUSED: readonly (readonly [env: Readonly<Record<string, string>>, said: string])[] = [
    [{ HOLDFAST_IDLE_TIMEOUT: "5 s" }, 'RangeError: HOLDFAST_IDLE_TIMEOUT="5 s": idleTimeout must be'],
    [
      { HOLDFAST_MAX_QUEUE: "9", HOLDFAST_MAX_REQUESTS: "0" },
      'RangeError: HOLDFAST_MAX_REQUESTS="0": maxRequests must be',
    ],
    [
      { HOLDFAST_IDEL_TIMEOUT: "5s" },
      'TypeError: Unknown variable HOLDFAST_IDEL_TIMEOUT="5s": known are HOLDFAST_CONFIG, HOLDFAST_IDLE_TIMEOUT,',
    ],
    [{ HOLDFAST_CLOCK: "x" }, 'TypeError: HOLDFAST_CLOCK="x": clock cannot be set by a variable'],
    [{ HOLDFAST_TLS: "{ca}" }, 'TypeError: HOLDFAST_TLS (value not shown): it begins with "{"'],
    [{ HOLDFAST_TLS: '{"cert":"x"}' }, "RangeError: HOLDFAST_TLS (value not shown): tls.cert and tls.key"],
    [
      { HOLDFAST_MAX_CONNECTIONS: "5", HOLDFAST_MAX_CONNECTIONS_PER_ORIGIN: "6" },
      "RangeError: maxConnectionsPerOrigin (6) must not exceed maxConnections (5)",
    ],
  ];
  for (const [env, said] of REFUSED) {
    it(`is refused with the option's error: ${JSON.stringify(env)}`, () => {
      assertEquals(refusal(env).slice(0, said.length), said);
    });
  }

  it("shows no password", () => {
    assertNotMatch(refusal({ HOLDFAST_PROXY: "ftp://usr:SECRET@proxy.test" }), /SECRET|accepted/);
  });
});
