/** Origins: normalisation of URLs, and errors without credentials. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertNotMatch, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { originOf } from "../../src/contract/origin.ts";

describe("originOf", () => {
  const rows: readonly (readonly [url: string, key: string, hostname: string, port: number, host: string])[] =
    [
      ["http://example.com", "http://example.com", "example.com", 80, "example.com"],
      ["https://example.com", "https://example.com", "example.com", 443, "example.com"],
      ["HTTP://EXAMPLE.COM/Path?q#f", "http://example.com", "example.com", 80, "example.com"],
      ["http://example.com:80", "http://example.com", "example.com", 80, "example.com"],
      ["https://example.com:443", "https://example.com", "example.com", 443, "example.com"],
      ["http://example.com:443", "http://example.com:443", "example.com", 443, "example.com:443"],
      ["https://example.com:80", "https://example.com:80", "example.com", 80, "example.com:80"],
      ["http://example.com:8080", "http://example.com:8080", "example.com", 8080, "example.com:8080"],
      ["http://example.com:00080", "http://example.com", "example.com", 80, "example.com"],
      ["http://example.com:", "http://example.com", "example.com", 80, "example.com"],
      [
        "http://bücher.example",
        "http://xn--bcher-kva.example",
        "xn--bcher-kva.example",
        80,
        "xn--bcher-kva.example",
      ],
      [
        "http://BÜCHER.example",
        "http://xn--bcher-kva.example",
        "xn--bcher-kva.example",
        80,
        "xn--bcher-kva.example",
      ],
      ["http://ex%61mple.com", "http://example.com", "example.com", 80, "example.com"],
      ["http://127.0.0.1:81", "http://127.0.0.1:81", "127.0.0.1", 81, "127.0.0.1:81"],
      ["http://0x7f.1", "http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1"],
      ["http://2130706433", "http://127.0.0.1", "127.0.0.1", 80, "127.0.0.1"],
      ["http://[::1]", "http://[::1]", "::1", 80, "[::1]"],
      ["https://[::1]:8443", "https://[::1]:8443", "::1", 8443, "[::1]:8443"],
      ["http://[0:0:0:0:0:0:0:1]", "http://[::1]", "::1", 80, "[::1]"],
      ["http://[2001:DB8::A]", "http://[2001:db8::a]", "2001:db8::a", 80, "[2001:db8::a]"],
      ["  http://example.com  ", "http://example.com", "example.com", 80, "example.com"],
    ];
  for (const [url, key, hostname, port, host] of rows) {
    it(`reads ${url} as ${key}`, () => {
      const scheme = key.startsWith("https") ? "https" : "http";
      assertEquals(originOf(url), { key, scheme, hostname, port, host });
      assertEquals(originOf(new URL(url)), originOf(url));
    });
  }

  it("gives different origins different keys", () => {
    const urls = [
      "http://example.com",
      "https://example.com",
      "http://example.com:8080",
      "http://www.example.com",
      "http://example.com.",
      "http://127.0.0.1",
      "http://[::1]",
    ];
    assertEquals(new Set(urls.map((url) => originOf(url).key)).size, urls.length);
  });

  it("gives every path of an origin the same key, and the key itself too", () => {
    const paths = fc.webUrl({ validSchemes: ["http", "https"], withQueryParameters: true });
    const law = fc.property(paths, (url) => {
      const { key } = originOf(url);
      assertEquals(key, new URL(url).origin);
      assertEquals(originOf(key).key, key);
    });
    fc.assert(law);
  });

  for (const url of [
    "ftp://example.com",
    "ws://example.com",
    "file:///etc/passwd",
    "data:,x",
    "blob:http://a/b",
  ]) {
    it(`refuses ${url}`, () => {
      assertThrows(
        () => originOf(url),
        TypeError,
        `must start with http: or https:, not with ${new URL(url).protocol}`,
      );
    });
  }

  for (const [url, shown] of [
    ["", ""],
    ["/path", "/path"],
    // Without the "@", a password may stand in the place of the port.
    ["http://a:x", "http://a:…"],
    ["//example.com", "//example.com"],
    ["http://", "http://"],
    ["http://exa mple.com", "http://exa mple.com"],
    ["http://exa mple.com:8080/x", "http://exa mple.com:8080/x"],
    ["http://a:99999", "http://a:…"],
  ] as const) {
    it(`refuses ${JSON.stringify(url)} with its excerpt`, () => {
      assertThrows(() => originOf(url), TypeError, `must be absolute and valid: current value is "${shown}"`);
    });
  }

  it("refuses a hostname longer than any name can be", () => {
    assertThrows(
      () => originOf(`http://${"a".repeat(256)}/`),
      TypeError,
      "hostname of at most 255 characters",
    );
    assertEquals(originOf(`http://${"a".repeat(255)}/`).hostname.length, 255);
  });

  it("parses the href of an object, because its other members may be wrong", () => {
    class Forged extends URL {
      override get host(): string {
        return "a.test\r\nX-Injected: 1";
      }
    }
    assertEquals(originOf(new Forged("http://a.test/")).host, "a.test");
    const shaped = { href: "http://b.test/", protocol: "http:", host: "x\r\n", username: "", password: "" };
    assertEquals(originOf(shaped as never).host, "b.test");
  });

  for (const value of [undefined, null, 5, true]) {
    it(`refuses ${value}`, () => {
      assertThrows(() => originOf(value as never), TypeError, `current value is "${value}"`);
    });
  }

  it("refuses credentials", () => {
    for (const url of [
      "http://user:pass@example.com",
      "http://user@example.com",
      "http://:pass@example.com",
    ]) {
      assertThrows(() => originOf(url), TypeError, "must not carry credentials");
    }
  });

  it("shows no credential and no query in an error", () => {
    const secrets = [
      "http://user:secret@example.com/path?token=secret",
      "ftp://user:secret@example.com",
      "http://user:secret@exa mple.com/",
      "http://user:secret@example.com:99999/",
      "user:secret@example.com",
      "http://example.com:x/?token=secret",
      "http://a b/#secret",
      "http://user:secret",
      "http:user:secret",
      "http:/user:secret",
      "http:\\\\user:secret",
      "  http://user:secret",
      "http://user:se/secret",
      "http://user:se?secret",
      "http://user:secret%40example.com",
      "http://user:x/secret@example.com",
      "http://[user:secret",
      "//user:secret",
    ];
    for (const url of secrets) {
      const error = assertThrows(() => originOf(url), TypeError);
      assertNotMatch(error.message, /secret/);
      assertEquals(error.cause, undefined);
      assert(!JSON.stringify(Object.entries(error)).includes("secret"));
    }
    const { message } = assertThrows(() => originOf("http://user:secret@exa mple.com/x"), TypeError);
    assertStringIncludes(message, '"http://exa mple.com/x"');
  });
});
