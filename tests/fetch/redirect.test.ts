/** Redirects, by the standard's "HTTP-redirect fetch". */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { acceptEncoding } from "../../src/fetch/decode.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import type { MemoryRequest, MemoryResponse } from "../../transports/memory.ts";
import { answering, causeOf, pieces, type Setup, serving, utf8 } from "./support.ts";

/** Answers `/from` with a redirect, and every other path with the request it got. */
function redirecting(status: number, location = "/to"): Setup {
  return serving(({ path, method }: MemoryRequest): MemoryResponse => {
    if (path !== "/from") return { body: `${method} ${path}` };
    return { status, headers: { Location: location }, body: "elsewhere" };
  });
}

/** A redirect with several `Location` lines. */
const located = (...locations: string[]): string =>
  `HTTP/1.1 302 Found\r\n${locations.map((location) => `Location: ${location}\r\n`).join("")}Content-Length: 0\r\n\r\n`;

const seenBy = ({ requests }: Setup): string[] => requests.map(({ method, path }) => `${method} ${path}`);

describe("a redirect changes the method", () => {
  const METHODS: [status: number, method: string, next: string][] = [
    [301, "GET", "GET"],
    [301, "HEAD", "HEAD"],
    [301, "POST", "GET"],
    [301, "PUT", "PUT"],
    [302, "POST", "GET"],
    [302, "DELETE", "DELETE"],
    [303, "GET", "GET"],
    [303, "HEAD", "HEAD"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "DELETE", "GET"],
    [307, "POST", "POST"],
    [307, "PUT", "PUT"],
    [308, "POST", "POST"],
    [308, "GET", "GET"],
  ];
  for (const [status, method, next] of METHODS) {
    it(`${status}: ${method} to ${next}, with the body or without`, async () => {
      await using at = redirecting(status);
      const body = method === "GET" || method === "HEAD" ? null : "payload";
      const response = await at.pool.fetch("http://a.test/from", {
        method,
        body,
        headers: { "content-language": "de" },
      });
      assertEquals([response.redirected, response.url, response.status], [true, "http://a.test/to", 200]);
      assertEquals(seenBy(at), [`${method} /from`, `${next} /to`]);
      const { headers, ...last } = at.requests[1]!;
      const kept = body !== null && next !== "GET";
      assertEquals([last.text(), headers.get("content-length")], kept ? ["payload", "7"] : ["", null]);
      assertEquals(headers.get("content-type"), kept ? "text/plain;charset=UTF-8" : null);
      assertEquals(headers.get("content-language"), kept || body === null ? "de" : null);
    });
  }
});

describe("a redirect is followed", () => {
  it("on the connection it came on", async () => {
    await using at = redirecting(302);
    await (await at.pool.fetch("http://a.test/from")).text();
    assertEquals([at.transport.attempts, at.pool.stats().idle], [1, 1]);
  });

  it("only for the five statuses, and only with a Location", async () => {
    for (const status of [300, 304, 305, 306, 310, 399, 200, 404]) {
      await using at = redirecting(status);
      assertEquals((await at.pool.fetch("http://a.test/from")).status, status);
      assertEquals(at.requests.length, 1);
    }
    await using at = serving(() => ({ status: 302, body: "no Location" }));
    const response = await at.pool.fetch("http://a.test/");
    assertEquals([response.status, await response.text(), response.redirected], [302, "no Location", false]);
  });

  const LOCATIONS: Record<string, [location: string, url: string]> = {
    "an absolute URL": ["http://b.test/x?y", "http://b.test/x?y"],
    "a path": ["/x", "http://a.test/x"],
    "a relative path": ["x", "http://a.test/dir/x"],
    "a path with dots": ["../x", "http://a.test/x"],
    "a query": ["?q=1", "http://a.test/dir/page?q=1"],
    "another host": ["//b.test/x", "http://b.test/x"],
    "another port": ["http://a.test:81/x", "http://a.test:81/x"],
    "another scheme of the two": ["https://a.test/x", "https://a.test/x"],
    "nothing, which is the same page": ["", "http://a.test/dir/page"],
    "a space in it": ["/x y", "http://a.test/x%20y"],
    "UTF-8 in it": ["/\xc3\xa4", "http://a.test/%C3%A4"],
    "a fragment": ["/x#frag", "http://a.test/x"],
    "a backslash": ["\\x", "http://a.test/x"],
  };
  for (const [name, [location, url]] of Object.entries(LOCATIONS)) {
    it(`to ${name}`, async () => {
      await using at = serving(({ number, path }) =>
        number === 1 && path === "/dir/page" && at.requests.length === 1
          ? { status: 302, headers: { Location: location } }
          : {},
      );
      const response = await at.pool.fetch("http://a.test/dir/page");
      assertEquals([response.status, response.url, response.redirected], [200, url, true]);
      const { pathname, search } = new URL(url);
      assertEquals(at.requests[1]?.path, pathname + search);
    });
  }

  it("if it has the same Location several times", async () => {
    for (const location of ["/to", "/to?a=1,2", "http://a.test/to"]) {
      await using at = answering(located(location, location, location), "HTTP/1.1 204 \r\n\r\n");
      const { status, url } = await at.pool.fetch("http://a.test/from");
      assertEquals([status, url], [204, new URL(location, "http://a.test/").href]);
    }
  });

  it("up to 20 times, and no further", async () => {
    const hops = (most: number) =>
      serving(({ path }) => {
        const hop = Number(path.slice(1));
        return hop < most ? { status: 302, headers: { Location: `/${hop + 1}` } } : { body: "arrived" };
      });
    await using near = hops(20);
    const response = await near.pool.fetch("http://a.test/0");
    assertEquals([response.status, response.url, near.requests.length], [200, "http://a.test/20", 21]);
    await using far = hops(21);
    const cause = await causeOf(far.pool.fetch("http://a.test/0"));
    assertEquals([cause.code, far.requests.length, far.pool.stats().active], ["ERR_REDIRECT", 21, 0]);
    assertStringIncludes(cause.message, "more than 20 redirects");
  });

  it("with the same body, where that can be sent again", async () => {
    const form = new FormData();
    form.append("a", "1");
    for (const body of ["text", utf8("bytes"), new Blob(["blob"]), new URLSearchParams("a=b"), form]) {
      await using at = redirecting(307);
      assertEquals((await at.pool.fetch("http://a.test/from", { method: "POST", body })).status, 200);
      const [first, second] = at.requests;
      assertEquals(second?.text(), first?.text());
      assertEquals(second?.headers.get("content-type"), first?.headers.get("content-type"));
    }
  });

  it("with the body of a Request that was made of text", async () => {
    await using at = redirecting(308);
    const response = await at.pool.fetch(
      new Request("http://a.test/from", { method: "POST", body: "payload" }),
    );
    assertEquals([response.status, at.requests[1]?.text()], [200, "payload"]);
  });

  it("after a stream was sent, only by 303: also one that makes a GET of a POST is refused", async () => {
    const stream = () => ({ method: "POST", body: pieces(utf8("x")).stream, duplex: "half" }) as const;
    await using dropping = redirecting(303);
    assertEquals((await dropping.pool.fetch("http://a.test/from", stream())).status, 200);
    for (const status of [301, 302, 307, 308]) {
      await using keeping = redirecting(status);
      const cause = await causeOf(keeping.pool.fetch("http://a.test/from", stream()));
      assertEquals([status, cause.code, keeping.requests.length], [status, "ERR_REDIRECT", 1]);
      assertStringIncludes(cause.message, "cannot be sent again");
    }
  });

  it("even if the body of the redirect is large and unread", async () => {
    await using at = serving(({ path }) =>
      path === "/from" ? { status: 302, headers: { Location: "/to" }, body: "x".repeat(1_000_000) } : {},
    );
    assertEquals((await at.pool.fetch("http://a.test/from")).status, 200);
    assertEquals(at.pool.stats().active, 0);
  });
});

describe("a redirect to another origin", () => {
  const headers = {
    Authorization: "Bearer secret",
    Cookie: "session=secret",
    "Proxy-Authorization": "Basic secret",
    Host: "a.example",
    "X-Mine": "kept",
  };

  it("does not get the credentials, and neither does a redirect back", async () => {
    await using at = serving(({ path }) => {
      if (path === "/1") return { status: 302, headers: { Location: "http://b.test/2" } };
      if (path === "/2") return { status: 302, headers: { Location: "http://a.test/3" } };
      return {};
    });
    await at.pool.fetch("http://a.test/1", { headers });
    const [first, second, third] = at.requests.map(({ headers }) => headers);
    assertEquals([first?.get("authorization"), first?.get("host")], ["Bearer secret", "a.example"]);
    for (const later of [second, third]) {
      for (const name of ["authorization", "cookie", "proxy-authorization"])
        assertEquals(later?.get(name), null);
      assertEquals(later?.get("x-mine"), "kept");
    }
    assertEquals([second?.get("host"), third?.get("host")], ["b.test", "a.test"]);
  });

  it("is another scheme, host or port", async () => {
    for (const location of [
      "https://a.test/to",
      "http://b.test/to",
      "http://a.test:8080/to",
      "http://sub.a.test/to",
    ]) {
      await using at = redirecting(307, location);
      await at.pool.fetch("http://a.test/from", { headers });
      assertEquals([at.requests[1]?.path, at.requests[1]?.headers.get("authorization")], ["/to", null]);
    }
  });

  it("is not one to the same origin with its default port spelled out: the credentials stay", async () => {
    await using at = redirecting(307, "http://A.TEST:80/to");
    await at.pool.fetch("http://a.test/from", { headers });
    assertEquals(at.requests[1]?.headers.get("authorization"), "Bearer secret");
  });
});

describe("a redirect to the other scheme", () => {
  /** The codings offered to each of the servers: first over plain HTTP, then over TLS, and then over plain HTTP again. */
  async function offered(headers: Record<string, string>, input = "http://a.test/1"): Promise<unknown[]> {
    await using at = serving(({ path }) => {
      if (path === "/1") return { status: 302, headers: { Location: "https://a.test/2" } };
      if (path === "/2") return { status: 302, headers: { Location: "http://a.test/3" } };
      return {};
    });
    await at.pool.fetch(input, Object.keys(headers).length === 0 ? undefined : { headers });
    for (const { headers: seen } of at.requests) {
      assertEquals(seen.get("accept"), "*/*");
      assertEquals(seen.get("x-mine"), headers["X-Mine"] ?? null);
    }
    return at.requests.map(({ headers: seen }) => seen.get("accept-encoding"));
  }

  const overTls = acceptEncoding(zlibDecoder, "https");
  const plain = "gzip, deflate";

  it("offers the codings of that scheme", async () => {
    assertEquals(overTls.startsWith(`${plain}, br`), true);
    for (const headers of [{}, { "X-Mine": "kept" }])
      assertEquals(await offered(headers), [plain, overTls, plain]);
    assertEquals(await offered({}, "https://a.test/2"), [overTls, plain]);
  });

  it("offers what the caller does, whatever that is", async () => {
    for (const own of [plain, overTls, "identity", "gzip"])
      assertEquals(await offered({ "Accept-Encoding": own }), [own, own, own]);
    const ranged = await offered({ Range: "bytes=0-1" });
    assertEquals(ranged, ["identity", "identity", "identity"]);
  });
});

describe("a redirect is not followed", () => {
  it('when redirect is "manual": the response is returned unchanged', async () => {
    await using at = redirecting(302);
    const response = await at.pool.fetch("http://a.test/from", { redirect: "manual" });
    assertEquals(
      [
        response.status,
        response.headers.get("location"),
        await response.text(),
        response.redirected,
        response.url,
      ],
      [302, "/to", "elsewhere", false, "http://a.test/from"],
    );
  });

  it('when redirect is "error", also when a Request says so', async () => {
    for (const input of ["http://a.test/from", new Request("http://a.test/from", { redirect: "error" })]) {
      await using at = redirecting(302);
      const init = typeof input === "string" ? { redirect: "error" as const } : {};
      assertEquals((await causeOf(at.pool.fetch(input, init))).code, "ERR_REDIRECT");
      assertEquals(at.requests.length, 1);
    }
  });

  it('when redirect is "error" and there is no Location', async () => {
    for (const status of [301, 302, 303, 307, 308]) {
      await using at = serving(() => ({ status, body: "no Location" }));
      const cause = await causeOf(at.pool.fetch("http://a.test/", { redirect: "error" }));
      assertEquals([cause.code, at.pool.stats().active], ["ERR_REDIRECT", 0]);
      const other = await at.pool.fetch("http://a.test/", { redirect: "manual" });
      assertEquals([other.status, await other.text()], [status, "no Location"]);
    }
    await using unchanged = serving(() => ({ status: 304 }));
    assertEquals((await unchanged.pool.fetch("http://a.test/", { redirect: "error" })).status, 304);
  });

  it("with Locations that differ, in whatever", async () => {
    for (const other of ["/elsewhere", "/TO", "/to/", ""]) {
      await using at = answering(located("/to", "/to", other));
      const cause = await causeOf(at.pool.fetch("http://a.test/from"));
      assertEquals([cause.code, cause.phase, at.pool.stats().idle], ["ERR_REDIRECT", "headers", 1]);
      assertStringIncludes(cause.message, "several Locations");
    }
  });

  const REFUSED: Record<string, string> = {
    "another scheme": "ftp://a.test/",
    "a script": "javascript:alert(1)",
    "a file": "file:///etc/passwd",
    data: "data:text/plain,x",
    "credentials in it": "http://u:secret@a.test/",
    "no URL": "http://",
    "a port out of range": "http://a.test:99999/",
    "the port of another protocol": "http://a.test:25/",
    "no port at all": "http://a.test:0/",
  };
  for (const [name, location] of Object.entries(REFUSED)) {
    it(`to ${name}`, async () => {
      await using at = redirecting(302, location);
      const cause = await causeOf(at.pool.fetch("http://a.test/from"));
      assertEquals(
        [cause.code, cause.phase, cause.message.includes("secret")],
        ["ERR_REDIRECT", "headers", false],
      );
      assertEquals([at.requests.length, at.pool.stats().active, at.pool.stats().idle], [1, 0, 1]);
    });
  }
});

describe("request()", () => {
  it("never follows a redirect", async () => {
    await using at = redirecting(302);
    const response = await at.pool.request("http://a.test/from");
    assertEquals(
      [response.status, response.headers.get("location"), await response.text()],
      [302, "/to", "elsewhere"],
    );
  });
});
