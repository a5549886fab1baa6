/** Proxy environment: which proxy is used for which origin, by curl's rules. curl itself is asked if it is installed. */

import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { assertEquals, assertThrows } from "@std/assert";
import { originOf } from "../../src/contract/origin.ts";
import { isExcepted } from "../../src/proxy/no-proxy.ts";
import { environmentProxy, readEnvironment } from "../../src/proxy/proxy-environment.ts";

const run = promisify(execFile);

type Variables = Readonly<Record<string, string>>;

function proxyFor(variables: Variables, url: string): string | undefined {
  const proxy = environmentProxy(
    readEnvironment((name) => variables[name]),
    originOf(url),
  );
  return proxy?.shown;
}

/** Cases that curl is asked about as well. */
const CASES: readonly (readonly [variables: Variables, url: string, proxy: string | undefined])[] = [
  [{}, "http://a.test/", undefined],
  [{ http_proxy: "http://p.test:3128" }, "http://a.test/", "http://p.test:3128"],
  [{ http_proxy: "http://p.test:3128" }, "https://a.test/", undefined],
  [{ https_proxy: "http://p.test:3128" }, "https://a.test/", "http://p.test:3128"],
  [{ https_proxy: "http://p.test:3128" }, "http://a.test/", undefined],
  [{ HTTPS_PROXY: "http://p.test:3128" }, "https://a.test/", "http://p.test:3128"],
  [
    { HTTPS_PROXY: "http://upper.test:1", https_proxy: "http://lower.test:2" },
    "https://a.test/",
    "http://lower.test:2",
  ],
  [{ all_proxy: "socks5h://p.test:1080" }, "https://a.test/", "socks5://p.test:1080"],
  [{ ALL_PROXY: "http://p.test:8" }, "http://a.test/", "http://p.test:8"],
  [{ ALL_PROXY: "http://p.test:8", http_proxy: "http://q.test:9" }, "http://a.test/", "http://q.test:9"],
  [{ http_proxy: "", all_proxy: "http://p.test:8" }, "http://a.test/", "http://p.test:8"],
  [{ http_proxy: "p.test:3128" }, "http://a.test/", "http://p.test:3128"],
  [{ http_proxy: "http://p.test" }, "http://a.test/", "http://p.test:1080"],
  [{ http_proxy: "http://p.test:80" }, "http://a.test/", "http://p.test:80"],
  [{ http_proxy: "https://p.test" }, "http://a.test/", "https://p.test:443"],
  [{ http_proxy: "http://user:pass@p.test:3128/" }, "http://a.test/", "http://p.test:3128"],
  [{ http_proxy: "http://p.test:1", no_proxy: "a.test" }, "http://a.test/", undefined],
  [{ http_proxy: "http://p.test:1", NO_PROXY: "a.test" }, "http://a.test/", undefined],
  [
    { http_proxy: "http://p.test:1", no_proxy: "b.test", NO_PROXY: "a.test" },
    "http://a.test/",
    "http://p.test:1",
  ],
  [{ http_proxy: "http://p.test:1", no_proxy: "*" }, "http://a.test/", undefined],
];

describe("the environment", () => {
  for (const [variables, url, proxy] of CASES) {
    it(`${JSON.stringify(variables)} means ${proxy} for ${url}`, () => {
      assertEquals(proxyFor(variables, url), proxy);
    });
  }

  it("has HTTP_PROXY as well, but not under CGI, where a client could have set it", () => {
    const variables = { HTTP_PROXY: "http://p.test:3128" };
    assertEquals(proxyFor(variables, "http://a.test/"), "http://p.test:3128");
    assertEquals(proxyFor({ ...variables, REQUEST_METHOD: "GET" }, "http://a.test/"), undefined);
  });

  it("may name a SOCKS proxy by socks://, as desktops do", () => {
    assertEquals(proxyFor({ ALL_PROXY: "socks://p.test:1080/" }, "https://a.test/"), "socks5://p.test:1080");
  });

  it("that names no proxy is refused by the variable's name, without credentials", () => {
    const read = (value: string) => () => readEnvironment((name) => ({ https_proxy: value })[name]);
    for (const value of [
      "ftp://user:secret@p.test",
      "http://user:secret@",
      "http://user:secret@p.test/path",
      "socks4://user:secret@p.test",
      "http://user:secr#et@p.test",
      "user:sec/ret@p.test:3128",
    ]) {
      const error = assertThrows(read(value), TypeError, "https_proxy ");
      assertEquals(/secret|sec|ret/.test(error.message), false, error.message);
    }
  });
});

const EXCEPTIONS: readonly (readonly [list: string, hostname: string, excepted: boolean])[] = [
  ["", "a.test", false],
  ["*", "a.test", true],
  ["a.test", "a.test", true],
  ["a.test", "www.a.test", true],
  ["a.test", "xa.test", false],
  [".a.test", "www.a.test", true],
  [".a.test", "a.test", true],
  ["www.a.test", "a.test", false],
  ["A.TEST", "a.test", true],
  ["a.test", "a.test.", true],
  ["a.test.", "a.test", true],
  ["b.test,a.test", "a.test", true],
  ["b.test, a.test", "a.test", true],
  ["b.test a.test", "a.test", true],
  ["192.0.2.1", "192.0.2.1", true],
  ["192.0.2.1", "192.0.2.11", false],
  ["192.0.2.0/24", "192.0.2.200", true],
  ["192.0.2.0/24", "192.0.3.1", false],
  ["10.0.0.0/8", "10.255.0.1", true],
  ["192.0.2.0/25", "192.0.2.127", true],
  ["192.0.2.0/25", "192.0.2.128", false],
  ["192.0.2.0/33", "192.0.2.0", false],
  ["::1", "::1", true],
  ["2001:db8::/32", "2001:db8:1::5", true],
  ["2001:db8::/32", "2001:db9::5", false],
];

describe("no_proxy", () => {
  for (const [list, hostname, excepted] of EXCEPTIONS) {
    it(`"${list}" ${excepted ? "excepts" : "does not except"} ${hostname}`, () => {
      assertEquals(isExcepted(hostname, list), excepted);
    });
  }
});

/** Extensions that curl lacks and other clients have. */
const BEYOND_CURL: readonly (readonly [list: string, url: string, excepted: boolean])[] = [
  ["*.a.test", "http://www.a.test/", true],
  ["*.a.test", "http://w.w.a.test/", true],
  ["*.a.test", "http://a.test/", false],
  ["*.a.test", "http://xa.test/", false],
  ["*.", "http://a.test/", false],
  ["b.test, *", "http://a.test/", true],
  [" * ", "http://a.test/", true],
  ["a.test:80", "http://a.test/", true],
  ["a.test:80", "http://a.test:8080/", false],
  ["a.test:443", "https://a.test/", true],
  ["A.test.:8080", "http://www.a.test:8080/", true],
  [".a.test:8080", "http://www.a.test:8080/", true],
  ["*.a.test:8080", "http://www.a.test:8080/", true],
  ["*.a.test:8080", "http://www.a.test:8081/", false],
  ["a.test:", "http://a.test/", false],
  ["a.test:x", "http://a.test/", false],
  ["192.0.2.1:8080", "http://192.0.2.1:8080/", true],
  ["192.0.2.1:8080", "http://192.0.2.1/", false],
  ["[::1]:8080", "http://[::1]:8080/", true],
  ["[::1]:8080", "http://[::1]/", false],
  ["[::1]", "http://[::1]:3000/", true],
  ["::1", "http://[::1]:3000/", true],
  ["[2001:db8::]/32", "http://[2001:db8:1::5]/", true],
  ["b.test,  a.test ,\tc.test", "http://c.test/", true],
];

describe("no_proxy, beyond curl", () => {
  for (const [list, url, excepted] of BEYOND_CURL) {
    it(`"${list}" ${excepted ? "excepts" : "does not except"} ${url}`, () => {
      const proxy = proxyFor({ all_proxy: "http://p.test:1", no_proxy: list }, url);
      assertEquals(proxy === undefined, excepted);
    });
  }
});

/** Addresses of this machine on which nothing listens, for the names in {@linkcode CASES}. */
const STAND_INS: Variables = {
  "p.test": "127.0.0.2",
  "q.test": "127.0.0.3",
  "upper.test": "127.0.0.4",
  "lower.test": "127.0.0.5",
};

function standIn(text: string): string {
  return text.replace(/\b[a-z]+\.test\b/g, (name) => STAND_INS[name] ?? name);
}

/** The address that curl says it connects to. Nothing answers. */
async function curlTries(variables: Variables, url: string): Promise<string | undefined> {
  const env = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, standIn(value)]));
  const { hostname } = new URL(url);
  const direct = [80, 443].flatMap((port) => ["--resolve", `${hostname}:${port}:127.0.0.1`]);
  const options = { env: { PATH: process.env.PATH, ...env } };
  // Long enough to begin, which is all that is needed.
  const command = ["-sv", "--connect-timeout", "0.2", ...(/[a-z]/.test(hostname) ? direct : []), url];
  const { stderr } = await run("curl", command, options).catch((error) => error);
  return /Trying (\S+?)\.\.\./.exec(stderr)?.[1];
}

const isNode = !("Deno" in globalThis || "Bun" in globalThis);
const installed =
  isNode &&
  (await run("curl", ["--version"])
    .then(() => true)
    .catch(() => false));

const skip = installed ? false : "asked on Node only, where curl is installed";

describe("curl", () => {
  it("chooses the same", { skip }, async () => {
    for (const [variables, url, proxy] of CASES) {
      const direct = `127.0.0.1:${url.startsWith("https") ? 443 : 80}`;
      const expected = proxy === undefined ? direct : standIn(proxy.replace(/^\w+:\/\//, ""));
      assertEquals(await curlTries(variables, url), expected, JSON.stringify(variables));
    }
  });

  it("excepts the same", { skip }, async () => {
    // curl's manual has IPv6 networks, but curl 7.88 finds no address in any.
    for (const [list, hostname, excepted] of EXCEPTIONS.filter(([, name]) => !name.includes(":"))) {
      const url = `http://${hostname}/`;
      const tried = await curlTries({ http_proxy: "http://127.0.0.2:3128", no_proxy: list }, url);
      assertEquals(tried !== "127.0.0.2:3128", excepted, `${list} and ${hostname}`);
    }
  });
});
