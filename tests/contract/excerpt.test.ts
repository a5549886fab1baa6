/** Excerpts: the parts of foreign texts that errors show. */

import { describe, it } from "node:test";
import { assertEquals, assertLess, assertNotMatch, assertThrows } from "@std/assert";
import { createPool } from "../../mod.ts";
import { excerpt, quoted, withoutCredentials } from "../../src/contract/excerpt.ts";

const LONG = "x".repeat(1_000_000);

describe("excerpt()", () => {
  it("shows a short text unchanged, and the start and length of a long one", () => {
    assertEquals(excerpt("short"), "short");
    assertEquals(excerpt("abcdef", 3), "abc… (6 characters)");
  });
});

describe("quoted()", () => {
  it("escapes characters that could end a line of a log", () => {
    assertEquals([quoted("a\r\nb"), quoted(5), quoted(undefined)], ['"a\\r\\nb"', "5", "undefined"]);
  });
});

describe("withoutCredentials()", () => {
  it("shows nothing of a password, with or without an @ after it", () => {
    const texts = [
      "usr:SECRET",
      "SECRET:x@host",
      "http://usr:SECRET",
      "socks5:usr:SECRET",
      "http://usr:123456",
      "http://a b:80/x:SECRET",
      "http://u:p/SECRET@a b",
      "http://u:p#SECRET@a b",
      "http://u:p?SECRET",
    ];
    for (const text of texts) assertNotMatch(withoutCredentials(text), /SECRET|123456/, text);
  });
});

describe("an error about a text that is too long", () => {
  const pool = createPool();
  const wrong: Record<string, () => unknown> = {
    "a URL": () => pool.request(`http://a b/${LONG}`),
    "a scheme": () => pool.request(`${LONG}://a/`),
    "a hostname": () => pool.request(`http://${LONG}/`),
    "a URL with credentials": () => pool.request(`http://a:b@c/${LONG}`),
    "a method": () => pool.request("http://a/", { method: `${LONG} ` }),
    "a field name": () => pool.request("http://a/", { headers: { [`${LONG} `]: "" } }),
    "a field value": () => pool.request("http://a/", { headers: { [LONG]: "\n" } }),
    connection: () => pool.request("http://a/", { headers: { connection: LONG } }),
    expect: () => pool.request("http://a/", { headers: { expect: LONG } }),
    "content-length": () => pool.request("http://a/", { headers: { "content-length": LONG } }),
    "a request option": () => pool.request("http://a/", { [LONG]: 1 } as never),
    "a body": () => pool.request("http://a/", { method: "POST", body: Symbol(LONG) as never }),
    "a signal": () => pool.request("http://a/", { signal: LONG as never }),
    "a redirect mode": () => pool.fetch("http://a/", { redirect: LONG as never }),
    "an option": () => createPool({ [LONG]: 1 } as never),
    "a duration": () => createPool({ idleTimeout: LONG as never }),
    "a flag": () => createPool({ noDelay: LONG as never }),
    "a choice": () => createPool({ reuseOrder: LONG as never }),
    "a proxy": () => createPool({ proxy: LONG }),
    "an origin": () => pool.explain(LONG),
  };

  for (const [what, attempt] of Object.entries(wrong)) {
    it(`such as ${what} shows a part of it`, async () => {
      const error = await Promise.resolve()
        .then(attempt)
        .then(
          () => undefined,
          (thrown) => thrown,
        );
      assertLess(String(error?.message).length, 700);
      assertLess(error?.message === undefined ? Infinity : 0, 1, "nothing was refused");
    });
  }

  it("of explain() shows a part of it too", () => {
    assertLess(assertThrows(() => pool.explain(`http://a b/${LONG}`), TypeError).message.length, 500);
  });
});
