/** `forward()` over a transport in memory: options, hops and their trust, edited fields, returned responses. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { Hono } from "hono";
import { inRanges } from "../../../src/hono/forward/address-ranges.ts";
import { interimListener } from "../../../src/hono/forward/interim.ts";
import { hasPassed } from "../../../src/hono/forward/via.ts";
import {
  type ForwardOptions,
  forward,
  resolvedPath,
  type UpstreamEnv,
  type UpstreamEvent,
  upstream,
} from "../../../src/hono/mod.ts";
import { memoryTransport } from "../../../transports/memory.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

interface Gateway {
  readonly options?: ForwardOptions;
  readonly target?: string;
  /** The bytes that the upstream answers with. */
  readonly answer?: string;
  readonly resolves?: boolean;
}

const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** Sends one request through a gateway. Returns the response, the head that the upstream got, and the error if any. */
async function send(
  { options, target = "http://up.test", answer = OK, resolves = false }: Gateway,
  path = "/p",
  headers: Record<string, string> = {},
  peer?: string,
) {
  let seen = "";
  const events: UpstreamEvent[] = [];
  const transport = memoryTransport({
    accept: (accepted) =>
      accepted.onData((bytes) => {
        seen += new TextDecoder().decode(bytes);
        accepted.send(answer);
      }),
  });
  const app = resolves ? new Hono<UpstreamEnv>({ getPath: resolvedPath }) : new Hono<UpstreamEnv>();
  app.use(upstream({ transport }, { onEvent: (event) => events.push(event) }));
  let thrown: unknown;
  app.use(async (c, next) => {
    await next();
    thrown = c.error;
  });
  app.get("/admin", (c) => c.text("guarded", 403));
  app.all("*", (c) => forward(c, target, { via: "gw", ...options }));
  const handle = setInterval(() => {}, 1000);
  // As Deno.serve gives it. `Request` would resolve dot segments.
  const request = new Proxy(new Request(`http://a.test${path}`, { headers }), {
    get: (from, name) => {
      if (name === "url") return `http://a.test${path}`;
      const value = Reflect.get(from, name);
      return typeof value === "function" ? value.bind(from) : value;
    },
  });
  const env = peer === undefined ? {} : { remoteAddr: { hostname: peer } };
  const printed = console.error;
  console.error = () => {};
  const response = await Promise.resolve(app.fetch(request, env)).finally(() => {
    clearInterval(handle);
    console.error = printed;
  });
  const value = (name: string) => new RegExp(`^${name}: (.*)\r$`, "m").exec(seen)?.[1];
  return { response, seen, value, events, thrown };
}

describe("forward() refuses", () => {
  const wrong: readonly [ForwardOptions, string][] = [
    [{ trusts: 1 } as Wrong, "trusts"],
    [{ trust: -1 }, "trust"],
    [{ trust: "1" as Wrong }, "trust"],
    [{ trust: ["10.0.0.0/33"] }, "10.0.0.0/33"],
    [{ trust: ["a.test"] }, "a.test"],
    [{ edit: {} as Wrong }, "edit"],
    [{ via: "two words" }, "via"],
    [{ host: "" }, "host"],
    [{ path: "p" }, "path"],
    [{ forwarded: "x" as Wrong }, "forwarded"],
    [{ dotSegments: "pass" as Wrong }, "dotSegments"],
    [{ trailers: "x-sum" as Wrong }, "trailers"],
    [{ trailers: ["Content-Length"] }, "Content-Length"],
    [{ trailers: ["Upgrade"] }, "Upgrade"],
    [{ trailers: ["x sum"] }, "x sum"],
  ];
  for (const [options, named] of wrong) {
    it(`the option ${JSON.stringify(options)}, and tells the client nothing of it`, async () => {
      const { response, thrown, seen } = await send({ options });
      assert(thrown instanceof TypeError || thrown instanceof RangeError);
      assert(thrown.message.includes(named), thrown.message);
      assertEquals([response.status, await response.text(), seen], [500, "Internal Server Error", ""]);
    });
  }

  for (const target of [
    "ftp://up.test",
    "up.test",
    "/p",
    "http://u:p@up.test",
    "http://up.test/?q",
    "http://up.test/#f",
  ]) {
    it(`the target ${target}`, async () => {
      const { response, thrown, seen } = await send({ target });
      assert(thrown instanceof TypeError && thrown.message.startsWith("target must"), String(thrown));
      assertEquals([response.status, seen, thrown.message.includes("u:p")], [500, "", false]);
    });
  }

  it("to work without upstream()", async () => {
    const app = new Hono().get("/", (c) => forward(c, "http://up.test"));
    app.onError((error) => new Response(error.message));
    assertEquals(
      await (await app.request("/")).text(),
      "forward() needs upstream(): mount it before the route",
    );
  });

  it("a request that it has forwarded before, with 508 and an event", async () => {
    const { response, events, seen } = await send({}, "/p", { via: "1.1 other, 1.1 GW (it)" });
    assertEquals([response.status, await response.text(), seen], [508, "Loop Detected\n", ""]);
    assertEquals(
      events.map(({ type, status }) => [type, status]),
      [["upstream.failed", 508]],
    );
    assertEquals((await send({ options: { via: false } }, "/p", { via: "1.1 gw" })).value("via"), "1.1 gw");
  });
});

describe("forward() tells of the hops", () => {
  const CHAIN = {
    "x-forwarded-for": "6.6.6.6, 10.0.0.9, 10.0.0.8",
    "x-forwarded-host": "h.test",
    "x-real-ip": "6.6.6.6",
  };
  const cases: readonly [
    trust: ForwardOptions["trust"],
    peer: string | undefined,
    sent: string | undefined,
    host: string,
  ][] = [
    [false, "10.0.0.7", "10.0.0.7", "a.test"],
    [0, "10.0.0.7", "10.0.0.7", "a.test"],
    [1, "10.0.0.7", "10.0.0.8, 10.0.0.7", "h.test"],
    [2, "10.0.0.7", "10.0.0.9, 10.0.0.8, 10.0.0.7", "h.test"],
    [99, "::ffff:10.0.0.7", "6.6.6.6, 10.0.0.9, 10.0.0.8, 10.0.0.7", "h.test"],
    [["10.0.0.7"], "10.0.0.7", "10.0.0.8, 10.0.0.7", "h.test"],
    [["10.0.0.8/31"], "10.0.0.7", "10.0.0.7", "a.test"],
    [["10.0.0.0/8"], "10.0.0.7", "6.6.6.6, 10.0.0.9, 10.0.0.8, 10.0.0.7", "h.test"],
    [["10.0.0.0/8"], "11.0.0.7", "11.0.0.7", "a.test"],
    [["10.0.0.0/8"], undefined, undefined, "a.test"],
    [(address) => address === "10.0.0.7", "10.0.0.7", "10.0.0.8, 10.0.0.7", "h.test"],
  ];
  for (const [trust, peer, sent, host] of cases) {
    it(`with trust ${String(trust)} and the peer ${peer}`, async () => {
      const { value } = await send({ options: { trust } }, "/p", CHAIN, peer);
      assertEquals([value("x-forwarded-for"), value("x-forwarded-host")], [sent, host]);
      assertEquals(value("x-real-ip"), host === "h.test" ? "6.6.6.6" : undefined);
    });
  }

  it("in Forwarded, and removes the other fields", async () => {
    const headers = { ...CHAIN, forwarded: 'for=6.6.6.6, for="[fd00::1]:80";host="x, y"' };
    const options = { forwarded: "forwarded", trust: ["fd00::/8"] } as const;
    const { value } = await send({ options }, "/p", headers, "fd00::2");
    assertEquals(
      value("forwarded"),
      'for=6.6.6.6, for="[fd00::1]:80";host="x, y", for="[fd00::2]";host="a.test";proto=http',
    );
    assertEquals([value("x-forwarded-for"), value("x-real-ip")], [undefined, undefined]);
    const torn = await send({ options: { ...options, trust: 1 } }, "/p", { forwarded: 'for=", for=1.1.1.1' });
    assertEquals(torn.value("forwarded"), 'for=unknown;host="a.test";proto=http');
  });

  it("not at all, with false", async () => {
    const { seen } = await send({ options: { forwarded: false } }, "/p", CHAIN, "10.0.0.7");
    assertEquals(/forwarded|real/.test(seen), false, seen);
  });
});

describe("forward() sends", () => {
  it("what edit sets, and no lookalike of it", async () => {
    const headers = {
      connection: "x-user, proxy-authorization",
      "x-user": "eve",
      x_user: "eve",
      other_field: "1",
    };
    const edit: ForwardOptions["edit"] = async (edited, c) => {
      assertEquals(edited.has("x-user"), false);
      await Promise.resolve();
      edited.set("x-user", c.req.path);
      edited.set("proxy-authorization", "Basic own");
    };
    const { value } = await send({ options: { edit } }, "/alice", headers);
    assertEquals(["x-user", "x_user", "proxy-authorization", "other_field"].map(value), [
      "/alice",
      undefined,
      "Basic own",
      "1",
    ]);
  });

  it("the Host of choice", async () => {
    const hosts: [ForwardOptions["host"], string][] = [
      [undefined, "up.test"],
      ["target", "up.test"],
      ["client", "a.test"],
      ["b.test:81", "b.test:81"],
    ];
    for (const [host, sent] of hosts) assertEquals((await send({ options: { host } })).value("host"), sent);
  });

  it("the path below that of the target, or another one", async () => {
    const line = ({ seen }: { seen: string }) => seen.split(" ")[1];
    assertEquals(line(await send({ target: "http://up.test/v1/" }, "/a//b?c=/../d")), "/v1/a//b?c=/../d");
    assertEquals(
      line(await send({ options: { path: "/x?y" }, target: "http://up.test/v1" }, "/a")),
      "/v1/x?y",
    );
    for (const path of ["/x/../y", "/x\\..\\y", "/.\t./y", "/x#y"])
      assertEquals((await send({ options: { path } })).response.status, 400);
  });

  it("no dot segments, or resolved ones if the application routes by them", async () => {
    assertEquals((await send({}, "/x/../admin")).response.status, 400);
    const options = { dotSegments: "resolve" } as const;
    const routed = await send({ options, resolves: true }, "/x/../admin");
    assertEquals([routed.response.status, routed.seen], [403, ""]);
    assertEquals((await send({ options, resolves: true }, "/x/%2e%2e/y")).seen.split(" ")[1], "/y");
    for (const path of ["/x/..%2fy", "/x/..;a/y"])
      assertEquals((await send({ options, resolves: true }, path)).response.status, 400);
  });
});

describe("forward() returns", () => {
  it("a response with mutable headers, several cookies, and without fields per hop", async () => {
    const answer =
      "HTTP/1.1 206 Partial Content\r\nset-cookie: a=1\r\nset-cookie: b=2\r\ncontent-range: bytes 0-1/9\r\n" +
      "connection: x-hop\r\nx-hop: 1\r\nkeep-alive: timeout=9\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok";
    const { response } = await send({ answer });
    response.headers.set("x-mine", "1");
    assertEquals([response.status, response.statusText], [206, "Partial Content"]);
    assertEquals(response.headers.getSetCookie(), ["a=1", "b=2"]);
    assertEquals(
      ["content-range", "content-encoding", "x-hop", "keep-alive", "content-length"].map((name) =>
        response.headers.get(name),
      ),
      ["bytes 0-1/9", "gzip", null, null, "2"],
    );
  });

  it("headers of its own, though the upstream repeats its head", async () => {
    (await send({})).response.headers.set("x-mine", "1");
    assertEquals((await send({})).response.headers.get("x-mine"), null);
    const other = OK.replace("content-length", "x-b: 1\r\ncontent-length");
    assertEquals((await send({ answer: other })).response.headers.get("x-b"), "1");
  });

  it("one framing, and none where there is no body", async () => {
    const both =
      "HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    const chunked = (await send({ answer: both })).response;
    assertEquals([chunked.headers.get("content-length"), await chunked.text()], [null, "ok"]);
    for (const status of [204, 205, 304]) {
      const { response } = await send({
        answer: `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\nx-a: 1\r\n\r\n`,
      });
      assertEquals([response.status, response.body, response.headers.get("x-a")], [status, null, "1"]);
    }
  });

  it("502 for a status that no response can have", async () => {
    const { response } = await send({ answer: "HTTP/1.1 999 No\r\ncontent-length: 0\r\n\r\n" });
    assertEquals(response.status, 502);
    assert(response.headers.get("proxy-status")?.includes("received-status=999"));
  });
});

describe("An interim response", () => {
  /** What the methods of the server's response are called with. */
  function passed(text: string, has: readonly string[], version = "1.1", isSent = false) {
    const calls: unknown[] = [];
    const methods = has.map((name) => [name, (...given: unknown[]) => void calls.push([name, ...given])]);
    const outgoing = { headersSent: isSent, ...Object.fromEntries(methods) };
    const client = { address: undefined, version, protocol: "http", incoming: undefined, outgoing } as const;
    interimListener(client)?.interim({ status: Number(text.slice(9, 12)), text } as Wrong);
    return calls.map((call) => JSON.stringify(call));
  }
  const OLD = ["writeEarlyHints", "writeProcessing"];
  const HINTS =
    'HTTP/1.1 103 \r\nlink: <a,b>; title="c, d", <e>\r\nLink: <f>\r\nte: x\r\nset-cookie: a=1\r\n';

  it("is passed on without fields per hop, by what the server has", () => {
    assertEquals(passed(HINTS, OLD), [
      '["writeEarlyHints",{"link":["<a,b>; title=\\"c, d\\"","<e>","<f>"]}]',
    ]);
    assertEquals(passed(HINTS, ["writeInformation", ...OLD]), [
      '["writeInformation",103,{"link":"<a,b>; title=\\"c, d\\", <e>, <f>"}]',
    ]);
    assertEquals(passed("HTTP/1.1 102 \r\n", OLD), ['["writeProcessing"]']);
    assertEquals(passed("HTTP/1.1 104 \r\n", OLD), []);
    assertEquals(passed("HTTP/1.1 104 \r\n", ["writeInformation", ...OLD]), ['["writeInformation",104,{}]']);
  });

  it("is not, where nobody expects it", () => {
    assertEquals(passed(HINTS, OLD, "1.0"), []);
    assertEquals(passed(HINTS, []), []);
    assertEquals(passed(HINTS, OLD, "1.1", true), []);
  });
});

describe("inRanges()", () => {
  const cases: readonly [range: string, address: string, isIn: boolean][] = [
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.0.0.0/0", "200.0.0.1", true],
    ["192.168.1.128/25", "192.168.1.127", false],
    ["192.168.1.128/25", "192.168.1.200", true],
    ["::1", "0:0:0:0:0:0:0:1", true],
    ["fd00::/8", "fdff::1", true],
    ["fd00::/8", "fe00::1", false],
    ["2001:db8::/33", "2001:db8:8000::", false],
    ["10.0.0.1", "::ffff:10.0.0.1", true],
    ["10.0.0.1", "10.0.0.01", false],
    ["10.0.0.1", "unknown", false],
    ["::/0", "10.0.0.1", false],
  ];
  for (const [range, address, isIn] of cases)
    it(`${address} is ${isIn ? "" : "not "}in ${range}`, () =>
      assertEquals(inRanges([range])(address), isIn));

  it("refuses what is no address", () => {
    for (const text of ["", "a", "10.0.0", "10.0.0.1/", "10.0.0.1/33", "1::2::3", "::12345", "1.2.3.4/8/8"])
      assertThrows(() => inRanges([text]), TypeError, "trust must hold IP addresses");
  });
});

describe("hasPassed()", () => {
  it("finds a name among others, with comments and blanks around it", () => {
    for (const via of ["1.1 gw", "HTTP/1.1 \t GW (a)", "1.0 x,1.1 gw", "1.1 a (b), 2.0 gw"])
      assertEquals(hasPassed(via, "gw"), true, via);
    for (const via of ["", "gw", "1.1 gw2", "1.1 x (gw)", ",,"])
      assertEquals(hasPassed(via, "gw"), false, via);
  });
});
