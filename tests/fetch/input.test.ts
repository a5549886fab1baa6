/** The arguments of `fetch`: what it accepts, what it sends for them, and what it refuses before a socket is opened. */

import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { createPool, type FetchInit, type FetchInput } from "../../mod.ts";
import { causeOf, failure, type Setup, serving } from "./support.ts";

describe("fetch takes", () => {
  it("a string, a URL and a Request, and sends the same for each", async () => {
    await using at = serving();
    const url = "http://a.test/x?y=1#z";
    for (const input of [url, new URL(url), new Request(url)]) {
      const response = await at.pool.fetch(input);
      assertEquals(
        [response.status, await response.text(), response.url],
        [200, "hello", "http://a.test/x?y=1"],
      );
    }
    assertEquals(
      at.requests.map(({ method, path }) => `${method} ${path}`),
      Array(3).fill("GET /x?y=1"),
    );
    assertEquals(
      at.requests.map(({ headers }) => headers.get("host")),
      Array(3).fill("a.test"),
    );
  });

  it("one argument at least, by its length as well", async () => {
    await using at = serving();
    assertEquals(at.pool.fetch.length, 1);
  });

  it("a buffer that was transferred as an empty body, as the standard says", async () => {
    await using at = serving();
    const forms = (buffer: ArrayBuffer) => [buffer, new Uint8Array(buffer), new DataView(buffer)];
    const bodies = Array.from({ length: 3 }, (_, form) => {
      const buffer = new ArrayBuffer(8);
      const body = forms(buffer)[form]!;
      structuredClone(buffer, { transfer: [buffer] });
      return body;
    });
    for (const body of bodies) await at.pool.fetch("http://a.test/", { method: "POST", body });
    assertEquals(
      at.requests.map(({ headers, text }) => [headers.get("content-length"), text()]),
      bodies.map(() => ["0", ""]),
    );
    const refused = await failure(at.pool.request("http://a.test/", { method: "POST", body: bodies[0]! }));
    assertInstanceOf(refused, Error);
  });

  it("an object whose text is a URL, as the standard says", async () => {
    await using at = serving();
    await at.pool.fetch({ toString: () => "http://a.test/b" } as unknown as string);
    assertEquals(at.requests[0]?.path, "/b");
  });

  it("the method, headers, body and signal of a Request", async () => {
    await using at = serving();
    const request = new Request("http://a.test/", {
      method: "PUT",
      headers: { "x-a": "1" },
      body: "payload",
    });
    await (await at.pool.fetch(request)).text();
    const [seen] = at.requests;
    assertEquals([seen?.method, seen?.headers.get("x-a"), seen?.text()], ["PUT", "1", "payload"]);
    // Bun gives the Request of a string no type.
    assertEquals(seen?.headers.get("content-type"), request.headers.get("content-type"));
    assertEquals(seen?.headers.get("content-length"), "7");
    assertEquals(seen?.headers.get("transfer-encoding"), null);
    assertEquals(request.bodyUsed || request.body?.locked, true);
  });

  it("a Request of another library, by its shape", async () => {
    await using at = serving();
    const foreign = {
      url: "http://a.test/f",
      method: "POST",
      headers: new Map([["x-a", "1"]]),
      body: new Response("payload").body,
      bodyUsed: false,
      signal: undefined,
      redirect: "follow",
    };
    await at.pool.fetch(foreign as FetchInput);
    const [seen] = at.requests;
    assertEquals(
      [seen?.method, seen?.path, seen?.headers.get("x-a"), seen?.text()],
      ["POST", "/f", "1", "payload"],
    );
  });

  it("an object with nothing but a URL", async () => {
    await using at = serving();
    await at.pool.fetch({ url: "http://a.test/g" });
    assertEquals(at.requests[0]?.path, "/g");
  });

  it("members of init in place of those of a Request", async () => {
    await using at = serving();
    const request = new Request("http://a.test/", {
      method: "POST",
      headers: { "x-a": "1", "x-b": "2" },
      body: "old",
    });
    await at.pool.fetch(request, { method: "PUT", headers: { "x-a": "3" }, body: "new" });
    const [seen] = at.requests;
    assertEquals(
      [seen?.method, seen?.headers.get("x-a"), seen?.headers.get("x-b"), seen?.text()],
      ["PUT", "3", null, "new"],
    );
  });

  it("the body of a Request even if init.body is null, as the standard says", async () => {
    await using at = serving();
    const request = new Request("http://a.test/", { method: "POST", body: "kept" });
    await at.pool.fetch(request, { body: null });
    assertEquals(at.requests[0]?.text(), "kept");
  });

  it("headers in every form", async () => {
    await using at = serving();
    const forms: FetchInit["headers"][] = [
      { "X-A": "1", "x-b": "2" },
      [
        ["X-A", "1"],
        ["x-b", "2"],
      ],
      new Headers({ "x-a": "1", "x-b": "2" }),
      new Map([
        ["x-a", "1"],
        ["x-b", "2"],
      ]),
      { "x-a": 1, "x-b": "2" } as unknown as Record<string, string>,
      { "x-a": ["1"], "x-b": "2" },
    ];
    for (const headers of forms) await (await at.pool.fetch("http://a.test/", { headers })).text();
    for (const { headers } of at.requests) assertEquals([headers.get("x-a"), headers.get("x-b")], ["1", "2"]);
    assertEquals(at.requests.length, forms.length);
  });

  it("methods as the standard spells them", async () => {
    await using at = serving();
    for (const method of ["get", "Post", "pUT", "delete", "options", "head", "patch", "X-Custom"]) {
      await (await at.pool.fetch("http://a.test/", { method })).text();
    }
    assertEquals(
      at.requests.map(({ method }) => method),
      ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "patch", "X-Custom"],
    );
  });

  it("members that only mean something in a browser, and ignores them", async () => {
    await using at = serving();
    const init: RequestInit = {
      cache: "no-store",
      credentials: "include",
      mode: "cors",
      referrer: "/page",
      referrerPolicy: "no-referrer",
      keepalive: true,
      integrity: "",
      window: null,
    };
    assertEquals((await at.pool.fetch("http://a.test/", init)).status, 200);
  });

  it("keepalive: false, and still reuses the connection: in the standard it is about leaving a page", async () => {
    await using at = serving();
    for (let count = 0; count < 3; count++) {
      await (await at.pool.fetch("http://a.test/", { keepalive: false })).text();
    }
    assertEquals([at.transport.attempts, at.requests[2]?.headers.get("connection")], [1, "keep-alive"]);
  });

  it("data: and blob:, without a connection", async () => {
    await using at = serving();
    const object = URL.createObjectURL(new Blob(["from a blob"]));
    const inputs = { "data:text/plain,from%20data": "from data", [object]: "from a blob" };
    for (const [local, text] of Object.entries(inputs)) {
      for (const input of [local, new URL(local), new Request(local)]) {
        const response = await at.pool.fetch(input);
        assertEquals([response.status, await response.text()], [200, text]);
      }
    }
    URL.revokeObjectURL(object);
    // Bun 1.4 still reads an object that was revoked.
    if (!("Bun" in globalThis)) assertInstanceOf(await failure(at.pool.fetch(object)), TypeError);
    const reason = new Error("enough");
    assertEquals(await failure(at.pool.fetch("data:,x", { signal: AbortSignal.abort(reason) })), reason);
    await using unloaded = createPool();
    assertEquals(await (await unloaded.fetch("data:,x")).text(), "x");
    assertEquals(at.transport.attempts, 0);
  });

  it("any port with request(), whose caller knows what listens there", async () => {
    await using at = serving();
    assertEquals((await at.pool.request("http://a.test:25/")).status, 200);
  });

  it("calls without its pool as `this`", async () => {
    await using at = serving();
    const { fetch, request } = at.pool;
    assertEquals((await fetch("http://a.test/")).status, 200);
    assertEquals((await request("http://a.test/")).status, 200);
  });
});

describe("fetch ignores", () => {
  const ignored = (at: Setup): unknown[] =>
    at.events.flatMap((event) => (event.type === "option.degraded" ? [event.option] : []));

  it("members of other clients and of frameworks, and tells each once", async () => {
    await using at = serving();
    const init = {
      dispatcher: {},
      client: {},
      agent: {},
      proxy: "http://p.test",
      unix: "/tmp/x",
      tls: { rejectUnauthorized: false },
      next: { revalidate: 1 },
      cf: {},
      cache: "no-store",
      priority: "high",
      keepalive: true,
    } as FetchInit;
    for (let count = 0; count < 2; count++)
      assertEquals((await at.pool.fetch("http://a.test/", init)).status, 200);
    assertEquals(
      ignored(at),
      Object.keys(init).map((name) => `fetch.${name}`),
    );
  });

  it("what is null or undefined, or means something in a browser only, without a word", async () => {
    await using at = serving();
    const init = { dispatcher: undefined, agent: null, mode: "cors", credentials: "include", window: null };
    assertEquals((await at.pool.fetch("http://a.test/", init as FetchInit)).status, 200);
    assertEquals(ignored(at), []);
  });

  it("headers that concern one hop, which request() refuses", async () => {
    await using at = serving();
    const perHop = {
      connection: "X-Own",
      "keep-alive": "timeout=5",
      "proxy-connection": "keep-alive",
      te: "gzip, trailers",
      trailer: "x",
      "transfer-encoding": "chunked",
      upgrade: "websocket",
    };
    await at.pool.fetch("http://a.test/", { headers: perHop });
    const { headers } = at.requests[0]!;
    assertEquals(
      Object.keys(perHop).map((name) => headers.get(name)),
      ["keep-alive", null, null, null, null, null, null],
    );
    for (const [name, value] of Object.entries(perHop))
      assertInstanceOf(
        await failure(at.pool.request("http://a.test/", { headers: { [name]: value } })),
        TypeError,
      );
  });
});

describe("fetch sends", () => {
  it("values as strings, without white space around them", async () => {
    await using at = serving();
    const headers = { a: "tok\n", b: " \t v \r\n", c: true, d: null, e: undefined, f: 1.5 };
    await at.pool.fetch("http://a.test/", { headers: headers as unknown as Record<string, string> });
    const seen = at.requests[0]!.headers;
    assertEquals(
      Object.keys(headers).map((name) => seen.get(name)),
      ["tok", "v", "true", "null", "undefined", "1.5"],
    );
  });

  it("several fields of one name as one", async () => {
    await using at = serving();
    const headers: [string, string][] = [
      ["x-a", "1"],
      ["Cookie", "a=1"],
      ["X-A", " 2"],
      ["cookie", "b=2"],
    ];
    await at.pool.fetch("http://a.test/", { headers });
    const seen = at.requests[0]!.headers;
    assertEquals([seen.get("x-a"), seen.get("cookie")], ["1, 2", "a=1; b=2"]);
  });

  it("anything that is no body as its text", async () => {
    await using at = serving();
    for (const body of [5, true, { a: 1 }, ["a", "b"]])
      await at.pool.fetch("http://a.test/", { method: "PUT", body: body as unknown as string });
    assertEquals(
      at.requests.map((seen) => [seen.text(), seen.headers.get("content-type")]),
      ["5", "true", "[object Object]", "a,b"].map((text) => [text, "text/plain;charset=UTF-8"]),
    );
  });

  it("what comes from another realm", async () => {
    await using at = serving();
    const { buffer, chunk, pairs } = runInNewContext(
      "({ buffer: new Uint8Array([97]).buffer, chunk: new Uint8Array([98]), pairs: [['x-a', '1']] })",
    );
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(chunk);
        controller.close();
      },
    });
    for (const body of [
      buffer,
      chunk,
      stream,
      new Request("http://a.test/", { method: "PUT", body: "c" }).body,
    ])
      await at.pool.fetch("http://a.test/", { method: "PUT", headers: pairs, body, duplex: "half" });
    assertEquals(
      at.requests.map((seen) => [seen.text(), seen.headers.get("x-a")]),
      ["a", "b", "b", "c"].map((text) => [text, "1"]),
    );
    const signal = Object.create(null, { aborted: { value: false } });
    assertInstanceOf(await failure(at.pool.fetch("http://a.test/", { signal })), TypeError);
  });

  it("defaults where the caller sets nothing", async () => {
    await using at = serving();
    await at.pool.fetch("http://a.test/");
    const { headers } = at.requests[0]!;
    assertEquals([headers.get("accept"), headers.get("user-agent")], ["*/*", "holdfast"]);
    assertEquals(headers.get("accept-encoding"), "gzip, deflate");
  });

  it("newer codings over TLS alone, whatever the form of the call", async () => {
    await using at = serving();
    for (const init of [undefined, {}]) {
      for (const url of ["http://a.test/", "https://a.test/"]) await at.pool.fetch(url, init);
    }
    const offered = at.requests.map(({ headers }) => headers.get("accept-encoding") ?? "");
    assertEquals([offered[0], offered[2]], ["gzip, deflate", "gzip, deflate"]);
    for (const secure of [offered[1], offered[3]]) assertStringIncludes(secure ?? "", "gzip, deflate, br");
  });

  it("the caller's own instead, in any letter case", async () => {
    await using at = serving();
    const own = { ACCEPT: "text/html", "User-Agent": "mine", "accept-encoding": "identity" };
    await at.pool.fetch("http://a.test/", { headers: own });
    const { headers } = at.requests[0]!;
    assertEquals(
      [headers.get("accept"), headers.get("user-agent"), headers.get("accept-encoding")],
      ["text/html", "mine", "identity"],
    );
  });

  it("Accept-Encoding: identity together with a range", async () => {
    await using at = serving();
    await at.pool.fetch("http://a.test/", { headers: { Range: "bytes=0-9" } });
    assertEquals(at.requests[0]?.headers.get("accept-encoding"), "identity");
  });

  it("Connection: close where the caller sets it, and opens another connection then", async () => {
    await using at = serving();
    const init = { headers: { connection: "close" } };
    await (await at.pool.fetch("http://a.test/", init)).text();
    await (await at.pool.fetch("http://a.test/", init)).text();
    assertEquals([at.transport.attempts, at.requests[0]?.headers.get("connection")], [2, "close"]);
  });
});

const REFUSED: Record<string, [input: unknown, init: unknown, named: string]> = {
  "a path alone": ["/only/a/path", undefined, "/only/a/path"],
  nothing: [undefined, undefined, "undefined"],
  "an empty URL": ["", undefined, '""'],
  "credentials in the URL": ["http://u:secret@a.test/", undefined, "credentials"],
  "a method that is no token": ["http://a.test/", { method: "G T" }, "G T"],
  "an empty method": ["http://a.test/", { method: "" }, '""'],
  CONNECT: ["http://a.test/", { method: "CONNECT" }, "CONNECT"],
  connect: ["http://a.test/", { method: "connect" }, "connect"],
  TRACE: ["http://a.test/", { method: "trace" }, "TRACE"],
  TRACK: ["http://a.test/", { method: "Track" }, "TRACK"],
  "a body with GET": ["http://a.test/", { body: "x" }, "GET"],
  "a body with HEAD": ["http://a.test/", { method: "head", body: "x" }, "HEAD"],
  "an empty body with GET": ["http://a.test/", { body: "" }, "GET"],
  "a Request's body with GET": [{ url: "http://a.test/", body: new Response("x").body }, undefined, "GET"],
  "an unknown redirect mode": ["http://a.test/", { redirect: "maybe" }, "maybe"],
  "a signal that is none": ["http://a.test/", { signal: {} }, "signal"],
  "a header name that is no token": ["http://a.test/", { headers: { "a b": "c" } }, "a b"],
  "a header value with a line end": ["http://a.test/", { headers: { a: "b\r\nc: d" } }, '"a"'],
  "a header without a value": ["http://a.test/", { headers: [["a"]] }, '"a"'],
  "a length and no body": ["http://a.test/", { headers: { "content-length": "5" } }, "content-length"],
  "a length that is not the body's": [
    "http://a.test/",
    { method: "PUT", body: "four", headers: { "content-length": "5" } },
    "content-length",
  ],
  "a promise for a body": ["http://a.test/", { method: "PUT", body: Promise.resolve(1) }, "Promise"],
  "a symbol for a header": ["http://a.test/", { headers: { a: Symbol("s") } }, "ymbol"],
  "three in a pair": ["http://a.test/", { headers: [["a", "b", "c"]] }, '"a"'],
  "two values of Host": [
    "http://a.test/",
    {
      headers: [
        ["host", "a"],
        ["Host", "b"],
      ],
    },
    "host",
  ],
  "a mode that is none": ["http://a.test/", { mode: "navigate" }, "mode"],
  "no-cors with a method that is not simple": ["http://a.test/", { mode: "no-cors", method: "PUT" }, "mode"],
  "a referrer that is no URL": ["http://a.test/", { referrer: "http://:no URL" }, "referrer"],
  "a cache mode that is none": ["http://a.test/", { cache: "always" }, "cache"],
  "the cache alone": ["http://a.test/", { cache: "only-if-cached" }, "only-if-cached"],
  "a window": ["http://a.test/", { window: {} }, "window"],
  "a stream without duplex": ["http://a.test/", { method: "PUT", body: new Response("x").body }, "duplex"],
};

describe("fetch refuses", () => {
  for (const [name, [input, init, named]] of Object.entries(REFUSED)) {
    it(name, async () => {
      await using at = serving();
      const error = await failure(at.pool.fetch(input as FetchInput, init as FetchInit));
      assertInstanceOf(error, TypeError);
      assertStringIncludes(error.message, named);
      assert(!error.message.includes("secret"));
      assertEquals(at.transport.attempts, 0);
      assertEquals(at.pool.stats().queued, 0);
    });
  }

  it("nothing of the network's once the signal is aborted, but arguments that are wrong", async () => {
    await using at = serving();
    const signal = AbortSignal.abort("enough");
    for (const url of ["http://a.test:25/", "foo:bar"])
      assertEquals(await failure(at.pool.fetch(url, { signal })), "enough");
    for (const wrong of [{ method: "a b" }, { redirect: "no" as "error" }, { headers: { "a b": "" } }])
      assertInstanceOf(await failure(at.pool.fetch("http://a.test/", { signal, ...wrong })), TypeError);
    assertInstanceOf(await failure(at.pool.fetch("http://", { signal })), TypeError);
  });

  it("another scheme, as if the network had failed", async () => {
    await using at = serving();
    for (const input of ["ftp://a.test/", new URL("foo:bar"), { url: "invalid:" }]) {
      const { code, message } = await causeOf(at.pool.fetch(input));
      assertEquals(code, "ERR_CONNECT");
      assertStringIncludes(message, "URL must start with http: or https:");
    }
    assertEquals(at.requests.length, 0);
  });

  it("the ports of other protocols, before a socket is opened", async () => {
    await using at = serving();
    const inputs = [
      "http://a.test:25/",
      "http://a.test:0/",
      new URL("http://a.test:6667/"),
      { url: "https://a.test:993/" },
    ];
    for (const input of inputs) {
      const cause = await causeOf(at.pool.fetch(input));
      assertEquals([cause.code, cause.retriable], ["ERR_CONNECT", false]);
    }
    assertEquals(at.transport.attempts, 0);
  });

  it("a Request whose body was read", async () => {
    await using at = serving();
    const request = new Request("http://a.test/", { method: "POST", body: "x" });
    await request.text();
    assertInstanceOf(await failure(at.pool.fetch(request)), TypeError);
    const locked = new Request("http://a.test/", { method: "POST", body: "x" });
    locked.body?.getReader();
    assertInstanceOf(await failure(at.pool.fetch(locked)), TypeError);
    assertEquals(at.transport.attempts, 0);
  });
});
