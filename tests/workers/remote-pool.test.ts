/** A pool in a Durable Object, and Workers that reach it by `remotePool()`, in workerd. */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { signal } from "../hono/support/origin.ts";
import { eventually, guarded } from "../support/patience.ts";
import { isNode, startWorkerd, type Workerd } from "./workerd.ts";

/** Each path of the Worker is a task. It answers with what the task returns. */
const source = (origins: readonly string[]): string => `
import { Hono } from "hono";
import { DurableObject } from "cloudflare:workers";
import { connectionOf, createPool, HoldfastError, ProtocolError } from "#root/mod.ts";
import { finalizers } from "#root/src/fetch/collection.ts";
import { upstream } from "#root/src/hono/mod.ts";
import { poolObject, remotePool, workersTransport } from "#root/src/workers/mod.ts";
const [here, there] = ${JSON.stringify(origins)};
export class ApiPool extends poolObject({ allowOrigins: [here, there, "http://127.0.0.1:1"], idleTimeout: "20s", unsafeReuse: "1h" }) {}
export class Other extends DurableObject { fetch() { return new Response("not a pool"); } }
export class Broken extends DurableObject { fetch() { throw new Error("broken"); } }
export class Mute extends DurableObject {}
const pool = remotePool("API_POOL");
const told = (error) => error && {
  name: error.name, message: error.message, code: error.code, phase: error.phase, sent: error.sent, origin: error.origin,
  kind: error.kind, fault: error.fault, holdfast: error instanceof HoldfastError, protocol: error instanceof ProtocolError,
  connection: error.connection?.requestNumber, cause: error.cause instanceof Error ? told(error.cause) : undefined,
};
const failure = (promise) => promise.then(() => "no error", told);
const tasks = {
  async fetch() {
    const all = [];
    for (const path of ["/a", "/b?x=1#frag"]) {
      const response = await pool.fetch(here + path);
      const { id, reused, requestNumber, origin } = connectionOf(response);
      all.push([response.status, response.url.replace(here, ""), response.redirected, reused, requestNumber, origin === here, await response.text()]);
    }
    return all;
  },
  async head() { const r = await pool.fetch(here + "/head", { headers: { "x-a": "1", accept: "text/x" } }); return [r.headers.getSetCookie(), r.headers.get("x-b"), r.statusText, await r.json()]; },
  async gzip() { const r = await pool.fetch(here + "/gzip"); const raw = await pool.request(here + "/gzip"); return [r.headers.get("content-encoding"), await r.text(), raw.headers.get("content-encoding"), (await raw.bytes()).length]; },
  async bodies() {
    const form = new FormData(); form.set("a", "b");
    const stream = () => new ReadableStream({ start(c) { c.enqueue(new TextEncoder().encode("stream")); c.close(); } });
    const sent = ["text", new Uint8Array([65, 66]), new URLSearchParams({ q: "1" }), form];
    const all = [];
    for (const body of sent) all.push(await (await pool.fetch(here + "/echo", { method: "POST", body })).json());
    all.push(await (await pool.fetch(here + "/echo", { method: "PUT", body: stream(), duplex: "half" })).json());
    all.push(await (await pool.fetch(new Request(here + "/echo", { method: "POST", body: "request" }))).json());
    all.push(await (await pool.request(here + "/echo", { method: "POST", body: "light", headers: { "x-a": "2" } })).json());
    return all.map(({ body, type, length, chunked }) => [body.slice(0, 20), type, length, chunked]);
  },
  async redirect() {
    const r = await pool.fetch(here + "/redirect", { headers: { authorization: "secret" } });
    const manual = await pool.fetch(here + "/redirect", { redirect: "manual" });
    const posted = await pool.fetch(here + "/redirect307", { method: "POST", body: "again" });
    return [r.url === there + "/landed", r.redirected, await r.json(), manual.status, await failure(pool.fetch(here + "/redirect", { redirect: "error" })), (await posted.json()).body];
  },
  async light() { const r = await pool.request(here + "/trailers"); const text = await r.text(); return [r.status, text, r.trailers, r.connection.origin === here, r.headers.get("x-b")]; },
  async same() {
    const own = createPool({ transport: workersTransport({ scope: "request" }) });
    const calls = [["/a"], ["/head", { method: "HEAD" }], ["/odd"], ["/odd", { method: "HEAD" }], ["/gzip"], ["/gzip", { method: "HEAD" }], ["/redirect", { redirect: "manual" }],
      ["/204"], ["/304"], ["/br"], ["/404"], ["/999"], ["/16k"], ["/300k"], ["/300k-chunked"], ["/trailers"], ["/echo", { method: "POST", body: "x", headers: { "content-type": "text/é" } }]];
    const seen = async (by, [path, init]) => {
      const r = await by.fetch(here + path, init);
      const fields = [...r.headers].filter(([name]) => name !== "date");
      return JSON.stringify([r.status, r.ok, r.statusText, r.url, r.redirected, r.type, r.body === null, fields, (await r.text()).length, r.bodyUsed]);
    };
    const told = async (by, [path, init]) => {
      const r = await by.request(here + path, init?.redirect ? {} : init);
      return JSON.stringify([r.status, r.statusText, [...r.headers].filter(([name]) => name !== "date"), (await r.bytes()).length, r.trailers]);
    };
    const differences = [];
    for (const call of calls) for (const look of [seen, told]) {
      const [mine, theirs] = [await look(own, call), await look(pool, call)];
      if (mine !== theirs) differences.push([call[0], mine, theirs]);
    }
    return [calls.length, differences];
  },
  // workerd tells of a stream that only its reader has as if nobody had it: a finalizer would end a body that is being read.
  finalizers: () => finalizers(() => {}) === undefined,
  async reading() {
    const read = { text: (r) => r.text(), json: (r) => r.json(), bytes: (r) => r.bytes(), blob: (r) => r.blob(), arrayBuffer: (r) => r.arrayBuffer(), body: async (r) => { for await (const piece of r.body); }, clone: (r) => { r.clone(); return r.text(); }, opened: async (r) => { r.body; return r.text(); }, copied: (r) => new Response(r.body, r).text() };
    const all = {};
    for (const [name, how] of Object.entries(read)) {
      const error = await failure(how(await pool.fetch(here + "/cut")));
      const good = await pool.fetch(here + "/300k-chunked");
      const parsed = await failure(how(good));
      const { name: again, cause } = await failure(good.text());
      all[name] = [error.name, error.cause?.code, parsed.name, again + (cause === undefined ? "" : " of the object")];
    }
    return all;
  },
  refused: () => failure(pool.request("http://127.0.0.1:1/")),
  lost: () => failure(pool.request(here + "/lost")),
  malformed: () => failure(pool.request(here + "/malformed")),
  async cut() { const r = await pool.request(here + "/cut"); return failure(r.bytes()); },
  async cutFetch() { const r = await pool.fetch(here + "/cut"); return failure(r.arrayBuffer()); },
  timeout: () => failure(pool.request(here + "/never", { headersTimeout: 50 })),
  notAllowed: () => failure(pool.fetch("http://other.test/")),
  missing: () => failure(remotePool("NO_POOL").fetch(here)),
  wrongType: () => failure(remotePool("TEXT").fetch(here)),
  wrongClass: () => failure(remotePool("OTHER").fetch(here)),
  broken: () => failure(remotePool("BROKEN").request(here)),
  mute: () => failure(remotePool("MUTE").request(here)),
  overloaded: () => failure(remotePool({ idFromName: () => 1, get: () => ({ fetch: async () => { throw Object.assign(new Error("Durable Object is overloaded."), { overloaded: true }); } }) }).request(here)),
  async abort() {
    const controller = new AbortController();
    const held = failure(pool.fetch(here + "/held", { signal: controller.signal }));
    await (await pool.fetch(here + "/reached")).text();
    controller.abort(new Error("mine"));
    return [(await held).message];
  },
  async abortBody() {
    const controller = new AbortController();
    const r = await pool.fetch(here + "/endless", { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("mine")), 50);
    return (await failure(r.text())).message;
  },
  async stats() { await (await pool.fetch(here + "/a")).text(); const [stats] = await pool.stats(here); const [explained] = await pool.explain(here); const [metrics] = await pool.metrics(here); return [stats.open, stats.reused > 0, explained.origin === here, explained.rules.length > 5, metrics.includes("http_client_open_connections")]; },
  async drain() { await pool.drain(here); return (await pool.stats(here))[0].open; },
  async plain(request, env) {
    const stub = env.API_POOL.get(env.API_POOL.idFromName(here));
    const good = await stub.fetch(here + "/a");
    const refused = await stub.fetch("http://other.test/");
    return [await good.text(), refused.status, refused.headers.get("holdfast-error")];
  },
  async shards() { const many = remotePool("API_POOL", { shards: 3 }); for (let n = 0; n < 6; n++) await (await many.fetch(here + "/a")).text(); return (await many.stats(here)).map((one) => one.requests > 0); },
  async options() { return [() => remotePool(""), () => remotePool(7), () => remotePool("A", { shards: 0 }), () => remotePool("A", { shard: 1 }), () => poolObject({}), () => poolObject({ allowOrigins: "any", idleTimeout: "x" })].map((make) => { try { make(); } catch (error) { return error.name + " " + error.message; } }); },
};
const app = new Hono().use(upstream(pool, { onEvent() {} }));
app.get("/hono", (c) => c.var.upstream.fetch(here + "/gzip"));
app.get("/hono/refused", (c) => c.var.upstream.fetch("http://127.0.0.1:1/"));
app.get("/stream", () => pool.fetch(here + "/slow"));
app.get("/passed/:path", async (c) => { const r = await pool.fetch(here + "/" + c.req.param("path"), { signal: c.req.query("signal") ? new AbortController().signal : undefined }); if (c.req.query("look")) r.body; return r; });
app.post("/upload", (c) => pool.fetch(here + "/echo", { method: "POST", body: c.req.raw.body, duplex: "half" }));
app.get("/:task", async (c) => c.json(await tasks[c.req.param("task")](c.req.raw, c.env) ?? null));
export default app;
`;

interface Told {
  readonly name: string;
  readonly message: string;
  readonly code?: string;
  readonly phase?: string;
  readonly sent?: string;
  readonly kind?: string;
  readonly fault?: string;
  readonly holdfast?: boolean;
  readonly protocol?: boolean;
  readonly connection?: number;
  readonly cause?: Told;
}

/** What a server has seen, and what it waits for. */
interface Seen {
  /** Responses whose connection ended before they did. */
  gone: number;
  /** `/held` was asked for. */
  readonly held: ReturnType<typeof signal>;
  /** The first piece of `/slow` has arrived. */
  readonly read: ReturnType<typeof signal>;
}

type Answer = (request: IncomingMessage, response: ServerResponse) => unknown;

/** What the server does, by path. It answers any other path with the path. `other` is the other server. */
const answers = (other: () => string, seen: Seen): Readonly<Record<string, Answer>> => ({
  "/never": () => {},
  "/held": () => seen.held.give(),
  "/reached": (_, response) => seen.held.given.then(() => response.end()),
  "/lost": ({ socket }) => socket.destroy(),
  "/malformed": ({ socket }) => socket.end("HTTP/1.1 2000 OK\r\n\r\n"),
  "/cut"({ socket }, response) {
    response.writeHead(200, { "content-length": 100_000 });
    response.write("x".repeat(1000));
    setTimeout(() => socket.destroy(), 20);
  },
  "/endless": (_, response) => response.write("x".repeat(100)),
  "/slow"(_, response) {
    response.write("first");
    void seen.read.given.then(() => response.end("last"));
  },
  "/redirect": (_, response) => response.writeHead(302, { location: `${other()}/landed` }).end(),
  "/redirect307": (_, response) => response.writeHead(307, { location: "/echo" }).end(),
  "/gzip"(_, response) {
    const body = gzipSync("zipped");
    response.writeHead(200, { "content-encoding": "gzip", "content-length": body.length }).end(body);
  },
  "/trailers"(_, response) {
    response.writeHead(200, { trailer: "x-sum", "x-b": "é" });
    response.write("body");
    response.addTrailers({ "x-sum": "7" });
    response.end();
  },
  "/odd"(_, response) {
    const fields = {
      "x-latin": "é",
      "x-empty": "",
      "set-cookie": ["a=1", "b=2"],
      "x-two": ["a", "b"],
      "content-length": 3,
    };
    response.writeHead(299, "Quite odd", fields).end("odd");
  },
  "/204": (_, response) => response.writeHead(204).end(),
  "/304": (_, response) => response.writeHead(304, { etag: "x" }).end(),
  "/br"(_, response) {
    const body = brotliCompressSync("brotli".repeat(1000));
    response.writeHead(200, { "content-encoding": "br", "content-length": body.length }).end(body);
  },
  "/404": (_, response) => response.writeHead(404).end("not here"),
  "/999": (_, response) => response.writeHead(999, "Strange").end("strange"),
  "/16k": (_, response) => response.writeHead(200, { "content-length": 16_384 }).end("x".repeat(16_384)),
  "/300k": (_, response) => response.writeHead(200, { "content-length": 300_000 }).end("x".repeat(300_000)),
  "/300k-chunked"(_, response) {
    for (let count = 0; count < 30; count++) response.write("x".repeat(10_000));
    response.end();
  },
  "/head": tellFields,
  "/landed": tellFields,
  "/echo"(request, response) {
    let body = "";
    request.on("data", (data) => {
      body += data;
    });
    const { "content-type": type, "content-length": length, "transfer-encoding": chunked } = request.headers;
    request.on("end", () => response.end(JSON.stringify({ body, type, length, chunked, size: body.length })));
  },
});

function tellFields({ headers }: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, "Fine", { "set-cookie": ["a=1", "b=2"], "x-b": "b" });
  response.end(JSON.stringify([headers["x-a"], headers.accept, headers.authorization]));
}

/** A server behind the object, and what it has seen. */
function makeServer(other: () => string): { readonly server: Server; readonly seen: Seen } {
  const seen: Seen = { gone: 0, held: signal(), read: signal() };
  const table = answers(other, seen);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://x");
    request.on("error", () => {});
    response.on("close", () => {
      if (!response.writableEnded) seen.gone += 1;
    });
    const known = table[pathname];
    if (known === undefined) response.end(request.url);
    else known(request, response);
  });
  return { server, seen };
}

const listen = async (server: Server): Promise<string> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

describe("a pool in a Durable Object", { skip: !isNode && "started from Node", timeout: 120_000 }, () => {
  let workerd: Workerd;
  let origins: string[] = [];
  const here = makeServer(() => origins[1] ?? "");
  const there = makeServer(() => "");
  before(async () => {
    origins = [await listen(here.server), await listen(there.server)];
    workerd = await startWorkerd({
      source: source(origins),
      objects: { API_POOL: "ApiPool", OTHER: "Other", BROKEN: "Broken", MUTE: "Mute" },
      bindings: '(name = "TEXT", text = "hello")',
    });
  });
  after(async () => {
    for (const { server } of [here, there]) {
      server.closeAllConnections();
      server.close();
    }
    await workerd[Symbol.asyncDispose]();
  });
  const ask = async <T = unknown>(task: string): Promise<T> => {
    const response = await fetch(`${workerd.url}/${task}`);
    const text = await response.text();
    assert(response.ok, `${task}: ${text}`);
    return JSON.parse(text);
  };

  it("answers fetch with a response that knows its URL and its connection", async () => {
    assertEquals(await ask("fetch"), [
      [200, "/a", false, false, 1, true, "/a"],
      [200, "/b?x=1", false, true, 2, true, "/b?x=1"],
    ]);
  });

  it("passes fields both ways as they are", async () => {
    assertEquals(await ask("head"), [["a=1", "b=2"], "b", "Fine", ["1", "text/x", null]]);
  });

  it("decodes for fetch, and leaves the coding alone for request", async () => {
    assertEquals(await ask("gzip"), [null, "zipped", "gzip", gzipSync("zipped").length]);
  });

  it("sends every kind of body, with its length where it is known", async () => {
    const all = await ask<[string, string | undefined, string | undefined, string | undefined][]>("bodies");
    assertEquals(
      all.map(([body]) => body.replace(/^-+\S*/, "(form)")).map((body) => body.slice(0, 7)),
      ["text", "AB", "q=1", "(form)", "stream", "request", "light"],
    );
    assertEquals(
      all.map(([, , length]) => length !== undefined && length !== null),
      [true, true, true, true, false, false, true],
    );
    assertEquals(
      [all[0]?.[1], all[2]?.[1]],
      ["text/plain;charset=UTF-8", "application/x-www-form-urlencoded;charset=UTF-8"],
    );
  });

  it("follows redirects at the caller's side, without credentials to another origin", async () => {
    const [landed, redirected, fields, manual, error, posted] =
      await ask<[boolean, boolean, unknown[], number, Told, string]>("redirect");
    assertEquals(
      [landed, redirected, fields, manual, posted],
      [true, true, [null, "*/*", null], 302, "again"],
    );
    assertEquals([error.name, error.cause?.code], ["TypeError", "ERR_REDIRECT"]);
  });

  it("gives the responses of a pool of one's own", async () => assertEquals(await ask("same"), [17, []]));

  it("does not trust finalizers", async () => assertEquals(await ask("finalizers"), true));

  it("restores the error of a body, however it is read, and reads a body once", async () => {
    const all =
      await ask<Record<string, readonly [string, string, string | undefined, string | undefined]>>("reading");
    for (const [how, [name, code, parsed, twice]] of Object.entries(all)) {
      const wrong = how === "json" ? "SyntaxError" : null;
      assertEquals([how, name, code, parsed ?? null], [how, "TypeError", "ERR_CONNECTION_LOST", wrong]);
      assertEquals([how, twice], [how, "TypeError"]);
    }
    assertEquals(Object.keys(all).length, 9);
  });

  it("passes a response on as it is", async () => {
    for (const [path, length] of [
      ["a", 2],
      ["gzip", 6],
      ["16k", 16_384],
      ["300k", 300_000],
      ["300k-chunked", 300_000],
    ])
      for (const query of ["", "?look=1", "?signal=1", "?look=1&signal=1"]) {
        const response = await fetch(`${workerd.url}/passed/${path}${query}`);
        const { headers } = response;
        assertEquals([path, query, (await response.text()).length], [path, query, length]);
        assertEquals(
          [...headers.keys()].filter((name) => name.startsWith("holdfast")),
          [],
        );
      }
  });

  it("gives trailers and fields to request", async () => {
    assertEquals(await ask("light"), [200, "body", [["x-sum", "7"]], true, "é"]);
  });

  const failures: Readonly<Record<string, readonly [code: string, phase: string, message: RegExp]>> = {
    refused: [
      "ERR_CONNECT",
      "connect",
      /http:\/\/127\.0\.0\.1:1.*do not tell why.*in the object of API_POOL/,
    ],
    lost: ["ERR_CONNECTION_LOST", "headers", /API_POOL/],
    malformed: ["ERR_PROTOCOL", "headers", /API_POOL/],
    cut: ["ERR_CONNECTION_LOST", "body", /API_POOL/],
    timeout: ["ERR_HEADERS_TIMEOUT", "headers", /API_POOL/],
    broken: ["ERR_OBJECT_LOST", "headers", /The object of BROKEN for http.*broken/],
    mute: ["ERR_BINDING", "queue", /the class behind MUTE is no poolObject\(\)/],
    overloaded: ["ERR_OVERLOADED", "queue", /the binding for http.* is overloaded .*more shards/],
  };
  for (const [task, [code, phase, message]] of Object.entries(failures)) {
    it(`restores code, phase and message of a failure: ${task}`, async () => {
      const error = await ask<Told>(task);
      assertEquals([error.holdfast, error.code, error.phase], [true, code, phase]);
      assertMatch(error.message, /https?:\/\//, "names the origin");
      assertMatch(error.message, message);
      if (task === "refused")
        assertEquals([error.cause?.name, error.cause?.kind], ["TransportError", "other"]);
      if (task === "malformed") assertEquals([error.protocol, error.fault], [true, "bad-status-line"]);
      if (task === "lost") assertEquals([typeof error.connection, error.sent], ["number", "full"]);
    });
  }

  const refusals: Readonly<Record<string, readonly [code: string, message: RegExp]>> = {
    notAllowed: [
      "ERR_NOT_ALLOWED",
      /may not connect to http:\/\/other\.test: add it to allowOrigins.*API_POOL/,
    ],
    missing: ["ERR_BINDING", /NO_POOL is no binding of a Durable Object \(there is none\).*wrangler\.jsonc/],
    wrongType: ["ERR_BINDING", /TEXT is no binding of a Durable Object/],
    wrongClass: ["ERR_BINDING", /the class behind OTHER is no poolObject\(\)/],
    cutFetch: ["ERR_CONNECTION_LOST", /API_POOL/],
  };
  for (const [task, [code, message]] of Object.entries(refusals)) {
    it(`rejects fetch with a TypeError whose cause says what to do: ${task}`, async () => {
      const error = await ask<Told>(task);
      assertEquals([error.name, error.cause?.code], ["TypeError", code]);
      assertMatch(error.cause?.message ?? "", /https?:\/\//, "names the origin");
      assertMatch(error.cause?.message ?? "", message);
    });
  }

  it("ends the upstream's request by number when the caller's signal is aborted", async () => {
    const before = here.seen.gone;
    assertEquals(await ask("abort"), ["mine"]);
    await eventually(() => here.seen.gone > before, "the end of the request in the object");
    const during = here.seen.gone;
    assertEquals(await ask("abortBody"), "mine");
    await eventually(() => here.seen.gone > during, "the end of the body in the object");
  });

  it("answers stats, explain and metrics, and drains", async () => {
    const [open, ...rest] = await ask<[number, ...boolean[]]>("stats");
    assert(open >= 1);
    assertEquals(rest, [true, true, true, true]);
    assertEquals(await ask("drain"), 0);
  });

  it("answers a stub's own fetch", async () => {
    assertEquals(await ask("plain"), ["/a", 403, "ERR_NOT_ALLOWED"]);
  });

  it("spreads an origin over its shards", async () => assertEquals(await ask("shards"), [true, true, true]));

  it("finds the binding in Hono, and answers for an upstream that fails", async () => {
    const good = await fetch(`${workerd.url}/hono`);
    assertEquals([await good.text(), good.headers.get("connection")], ["zipped", null]);
    assertEquals((await fetch(`${workerd.url}/hono/refused`)).status, 502);
  });

  it("streams both ways", async () => {
    const response = await fetch(`${workerd.url}/stream`);
    const reader = response.body?.getReader();
    assert(reader !== undefined);
    const first = await guarded(reader.read(), "a piece of a body that has not ended");
    assertEquals(new TextDecoder().decode(first.value), "first");
    here.seen.read.give();
    while (!(await reader.read()).done);
    const body = new ReadableStream({
      start(controller) {
        for (let count = 0; count < 50; count++) controller.enqueue(new Uint8Array(100_000));
        controller.close();
      },
    });
    const init = { method: "POST", body, duplex: "half" } as RequestInit;
    const echoed = (await (await fetch(`${workerd.url}/upload`, init)).json()) as { size: number };
    assertEquals(echoed.size, 5_000_000);
  });

  it("refuses wrong options when they are given", async () => {
    const [empty, number, shards, unknown, origins, duration] = await ask<string[]>("options");
    assertMatch(empty ?? "", /binding/);
    assertMatch(number ?? "", /TypeError binding must be/);
    assertMatch(shards ?? "", /shards/);
    assertMatch(unknown ?? "", /shard/);
    assertMatch(origins ?? "", /TypeError allowOrigins must/);
    assertMatch(duration ?? "", /idleTimeout/);
  });
});
