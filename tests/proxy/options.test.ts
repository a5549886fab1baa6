/** The proxy option: which values are valid, what they resolve to, and that no error shows a credential. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { PoolOptions } from "../../src/options/options.ts";
import type { ProxySetting } from "../../src/options/proxy.ts";
import { resolveOptions } from "../../src/options/resolve.ts";

function proxy(value: NonNullable<PoolOptions["proxy"]>): ProxySetting {
  const resolved = resolveOptions({ proxy: value }).proxy;
  assert(typeof resolved === "object");
  return resolved;
}

const URLS: readonly (readonly [given: string | URL, shown: string, hostname: string, port: number])[] = [
  ["http://proxy.test:3128", "http://proxy.test:3128", "proxy.test", 3128],
  ["http://proxy.test", "http://proxy.test:80", "proxy.test", 80],
  ["http://proxy.test:80/", "http://proxy.test:80", "proxy.test", 80],
  ["https://proxy.test", "https://proxy.test:443", "proxy.test", 443],
  ["https://proxy.test:80", "https://proxy.test:80", "proxy.test", 80],
  ["socks5://proxy.test", "socks5://proxy.test:1080", "proxy.test", 1080],
  ["socks5h://user:pass@proxy.test:9050", "socks5://proxy.test:9050", "proxy.test", 9050],
  ["socks://proxy.test:9050", "socks5://proxy.test:9050", "proxy.test", 9050],
  ["http://user:p@ss@proxy.test:3128", "http://proxy.test:3128", "proxy.test", 3128],
  ["HTTP://PROXY.test:3128", "http://proxy.test:3128", "proxy.test", 3128],
  ["http://[::1]:3128", "http://[::1]:3128", "::1", 3128],
  ["http://user:80@proxy.test", "http://proxy.test:80", "proxy.test", 80],
  ["socks5://[::1]:80", "socks5://[::1]:80", "::1", 80],
  [new URL("http://user:pass@proxy.test:3128"), "http://proxy.test:3128", "proxy.test", 3128],
];

const WRONG: readonly (readonly [value: unknown, message: RegExp])[] = [
  ["proxy.test:3128", /^proxy must be a URL/],
  ["ftp://user:secret@proxy.test", /^proxy must be a URL .* "ftp:\/\/proxy\.test"$/],
  ["socks4://proxy.test", /^proxy is a SOCKS4 proxy, which is not supported: use socks5:\/\//],
  ["socks4a://u:secret@proxy.test", /^proxy is a SOCKS4 proxy/],
  ["http://user:secret#secret@proxy.test", /^proxy has a raw "#" before its "@": .* as %23$/],
  ["http://user:12/secret@proxy.test", /^proxy has a raw "\/" before its "@": .* as %2F$/],
  ["socks5://user:secret?@proxy.test:1", /^proxy has a raw "\?" before its "@": .* as %3F$/],
  ["http://us\\er:secret@proxy.test", /^proxy has a raw "\\" before its "@": .* as %5C$/],
  [{ url: "https://secret#:x@proxy.test" }, /^proxy\.url has a raw "#"/],
  ["http://user:secret@proxy.test/path", /^proxy must be a URL/],
  ["http://proxy.test?secret", /"http:\/\/proxy\.test"$/],
  ["http://", /^proxy must be a URL/],
  ["", /^proxy must be a URL/],
  ["ENV", /^proxy must be a URL/],
  ["http://%zz:secret@proxy.test", /^proxy has credentials that are not percent-encoded UTF-8$/],
  [true, /^proxy must be a URL, an object with one, "env" or false: current value is true$/],
  [null, /current value is null$/],
  [3128, /current value is 3128$/],
  [{}, /^proxy\.url must be a URL/],
  [
    { url: "http://p.test", host: "p" },
    /^Unknown proxy option "host": known are url, authorization, tls, pooling$/,
  ],
  [{ url: "http://p.test", pooling: "none" }, /^proxy\.pooling must be "shared" or "origin"/],
  [{ url: "http://p.test", authorization: "secret\r\nx: y" }, /^proxy\.authorization must not/],
  [{ url: "http://p.test", authorization: 7 }, /^proxy\.authorization must be a string/],
  [
    { url: "socks5://p.test", authorization: "secret" },
    /^proxy\.authorization must not be set for a SOCKS proxy/,
  ],
  [{ url: "https://p.test", tls: { verify: false } }, /^Unknown tls option "verify"/],
];

describe("the proxy option", () => {
  for (const [given, shown, hostname, port] of URLS) {
    it(`${String(given)} is ${hostname}, port ${port}`, () => {
      const found = proxy(given);
      assertEquals([found.shown, found.hostname, found.port], [shown, hostname, port]);
    });
  }

  for (const [value, message] of WRONG) {
    it(`refuses ${JSON.stringify(value)}`, () => {
      const error = assertThrows(() => resolveOptions({ proxy: value as string })) as Error;
      assert(error instanceof TypeError || error instanceof RangeError);
      assert(message.test(error.message), error.message);
      assertEquals(/secret/.test(`${error.stack}${error.cause}`), false);
    });
  }

  it("is off by default", () => {
    assertEquals([resolveOptions({}).proxy, resolveOptions({ proxy: false }).proxy], [false, false]);
  });

  it("takes credentials from the URL, percent-decoded and as UTF-8", () => {
    const { authorization, credentials } = proxy("http://us%C3%A9r:p%40ss%3A@proxy.test");
    assertEquals(credentials, { username: "usér", password: "p@ss:" });
    const bytes = Uint8Array.from(atob(authorization?.slice("Basic ".length) ?? ""), (char) =>
      char.charCodeAt(0),
    );
    assertEquals(new TextDecoder().decode(bytes), "usér:p@ss:");
  });

  it("prefers an explicit authorization", () => {
    assertEquals(
      proxy({ url: "http://u:p@proxy.test", authorization: "Bearer x" }).authorization,
      "Bearer x",
    );
  });

  it("verifies an https proxy by its own name, and by options of its own", () => {
    assertEquals(proxy("http://proxy.test").tls, undefined);
    assertEquals(proxy("https://proxy.test").tls?.serverName, "proxy.test");
    const tls = proxy({
      url: "https://proxy.test",
      tls: { serverName: "other.test", rejectUnauthorized: false },
    }).tls;
    assertEquals([tls?.serverName, tls?.verify], ["other.test", false]);
  });

  it("contradicts unixPath", () => {
    const options = { proxy: "http://proxy.test", unixPath: "/run/x.sock" };
    assertThrows(() => resolveOptions(options), RangeError, "unixPath and proxy must not be set together");
  });
});
