/** `dispatcher()` under every copy of undici: its functions, its interceptors, and its errors. */

import { Readable, Writable } from "node:stream";
import { after, describe, it } from "node:test";
import { assert, assertEquals, assertGreater, assertInstanceOf, assertLess } from "@std/assert";
import { createPool, type HoldfastError } from "../../mod.ts";
import { dispatcher } from "../../src/dispatcher/mod.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { deadPort } from "../support/ports.ts";
import { has } from "../support/serve.ts";
import { service } from "../support/service.ts";
import { BIG, copies, open, sent, thrown, type Undici } from "./support.ts";

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

async function* generated(): AsyncGenerator<string | Uint8Array> {
  yield "gene";
  yield new TextEncoder().encode("rated");
}

function form(undici: Undici): unknown {
  const made = new undici.FormData();
  made.append("name", "value");
  return made;
}

/** Bodies, as the server sees them: their text, and how they are framed. */
const BODIES: Readonly<
  Record<string, [body: (undici: Undici) => unknown, text: string | RegExp, chunked: boolean]>
> = {
  "a string": [() => "täxt", "täxt", false],
  "a Buffer": [() => Buffer.from("buffer"), "buffer", false],
  "an ArrayBuffer": [() => new TextEncoder().encode("array").buffer, "array", false],
  "a stream of Node": [() => Readable.from(["str", "eam"]), "stream", true],
  "an async iterable": [() => generated(), "generated", true],
  "an iterable": [() => ["iter", Buffer.from("able")], "iterable", true],
  "a web stream": [() => new Blob(["web"]).stream(), "web", true],
  "a Blob": [() => new Blob(["blob"]), "blob", false],
  "a FormData": [form, /name="name"\r\n\r\nvalue/, false],
};

const peer = await open();
const pool = createPool();
after(async () => {
  peer.close();
  await pool.close({ timeout: 0 });
});

const found = Object.entries(await copies());
for (const [name, undici] of found) {
  const { Dispatcher, interceptors } = undici;
  const through = dispatcher(pool, Dispatcher);
  const post = (path: string, body: unknown) =>
    undici.request(peer.url + path, { method: "POST", body: body as string, dispatcher: through });

  const upgrade = (path: string) =>
    undici.upgrade(peer.url + path, { protocol: "echo", dispatcher: through });

  describe(`${name} over dispatcher(): its functions`, () => {
    it("is one of its dispatchers", () => {
      assertInstanceOf(through, Dispatcher);
      assertEquals([through.closed, through.destroyed], [false, false]);
    });

    it("request() gets status, fields and body, also as a method", PATIENT, async () => {
      const options = { path: "/echo", query: { a: ["1", "ä"] }, headers: { "X-Own": "1" }, method: "GET" };
      const { statusCode, headers, body } = await through.request({ origin: peer.url, ...options });
      const echo = (await body.json()) as Echo;
      assertEquals([statusCode, headers["x-twice"]], [200, ["1", "2"]]);
      assertEquals([echo.method, echo.url, echo.headers["x-own"]], ["GET", "/echo?a=1&a=%C3%A4", "1"]);
    });

    for (const [kind, [make, text, chunked]] of Object.entries(BODIES)) {
      it(`request() sends ${kind}`, PATIENT, async () => {
        const { headers, body } = (await (await post("/echo", make(undici))).body.json()) as Echo;
        if (typeof text === "string") assertEquals(body, text);
        else assert(text.test(body), body);
        assertEquals(headers["transfer-encoding"], chunked ? "chunked" : undefined);
        if (kind === "a string") assertEquals(headers["content-type"], undefined);
      });
    }

    it("request() tells of interim responses and trailers", PATIENT, async () => {
      const told: number[] = [];
      const onInfo = ({ statusCode }: { statusCode: number }) => void told.push(statusCode);
      const hinted = await undici.request(`${peer.url}/hints`, { dispatcher: through, onInfo });
      assertEquals([await hinted.body.text(), told], ["hinted", [103]]);
      const { body, trailers } = await undici.request(`${peer.url}/trailers`, { dispatcher: through });
      assertEquals([await body.text(), trailers], ["body", { "x-sum": "42" }]);
    });

    it("stream() and pipeline() pass pieces on", PATIENT, async () => {
      const pieces: Buffer[] = [];
      const options = { origin: peer.url, path: "/big", method: "GET" as const };
      await through.stream(
        options,
        () => new Writable({ write: (piece, _, done) => done(void pieces.push(piece)) }),
      );
      assertEquals(Buffer.concat(pieces).length, BIG);
      const duplex = through.pipeline({ ...options, path: "/echo", method: "POST" }, ({ body }) => body);
      const answered = new Promise<string>((resolve, reject) => {
        let text = "";
        duplex.on("data", (piece) => {
          text += piece;
        });
        duplex.on("end", () => resolve(text)).on("error", reject);
      });
      duplex.end("piped");
      assertEquals((JSON.parse(await answered) as Echo).body, "piped");
    });

    it("fetch() follows, decodes and streams up", PATIENT, async () => {
      const fetched = await undici.fetch(`${peer.url}/moved`, { dispatcher: through });
      assertEquals([fetched.redirected, ((await fetched.json()) as Echo).url], [true, "/echo?moved"]);
      assertEquals(await (await undici.fetch(`${peer.url}/gzip`, { dispatcher: through })).text(), "hello");
      const init = {
        method: "POST",
        body: generated() as never,
        duplex: "half",
        dispatcher: through,
      } as const;
      const { body, headers } = (await (await undici.fetch(`${peer.url}/echo`, init)).json()) as Echo;
      assertEquals([body, headers["transfer-encoding"]], ["generated", "chunked"]);
    });

    it("upgrade() and connect() get a stream of Node in both directions", PATIENT, async () => {
      const upgraded = await upgrade("/");
      assertEquals(upgraded.headers["x-a"], "b");
      const tunnel = await undici.connect(peer.url, { path: "/db.test:5432", dispatcher: through } as never);
      assertEquals([tunnel.statusCode, tunnel.headers["x-to"]], [200, "db.test:5432"]);
      for (const { socket } of [upgraded, tunnel]) {
        const heard = new Promise((resolve) => socket.once("data", (piece) => resolve(String(piece))));
        socket.write("both ways");
        assertEquals(await heard, "both ways");
        const closed = new Promise((resolve) => socket.once("close", resolve));
        socket.on("data", () => {}).end();
        await closed;
      }
    });

    it("upgrade() fails where the server answers otherwise", PATIENT, async () => {
      const { code } = await thrown(upgrade("/echo"));
      assertEquals(code, "UND_ERR_SOCKET");
    });

    it("holds the server back while nobody reads", PATIENT, async () => {
      const { body } = await undici.request(`${peer.url}/big`, { dispatcher: through });
      await eventually(() => sent.bytes > 0, "the first bytes");
      for (let before = -1; before !== sent.bytes; await new Promise((resolve) => setTimeout(resolve, 60)))
        before = sent.bytes;
      assertLess(sent.bytes, BIG);
      assertEquals((await body.arrayBuffer()).byteLength, BIG);
    });
  });

  describe(`${name} over dispatcher(): ends`, () => {
    it("an abort ends the request wherever it is, with the reason of the signal", PATIENT, async () => {
      const reason = new Error("on purpose");
      const get = (path: string, signal: AbortSignal) =>
        undici.request(peer.url + path, { dispatcher: through, signal });
      assertEquals(await thrown(get("/echo", AbortSignal.abort(reason))), reason);
      const waiting = new AbortController();
      const never = thrown(get("/never", waiting.signal));
      await eventually(() => pool.stats().active > 0, "the request");
      waiting.abort(reason);
      assertEquals(await never, reason);
      const reading = new AbortController();
      const { body } = await get("/big", reading.signal);
      reading.abort(reason);
      assertEquals(await thrown(body.text()), reason);
      await eventually(() => pool.stats().active === 0, "the end of all requests");
    });

    it("destroy() of a body ends its request", PATIENT, async () => {
      const { body } = await undici.request(`${peer.url}/big`, { dispatcher: through });
      body.on("error", () => {}).destroy();
      await eventually(() => pool.stats().active === 0, "the end of the request");
    });

    it("errors have undici's codes and classes, and the pool's error as cause", PATIENT, async () => {
      const { errors } = undici;
      const cut = await undici.request(`${peer.url}/cut`, { dispatcher: through });
      const lost = await thrown(cut.body.text());
      assertEquals(
        [lost.code, (lost.cause as HoldfastError).code],
        ["UND_ERR_SOCKET", "ERR_CONNECTION_LOST"],
      );
      assertInstanceOf(lost, errors.SocketError);
      await using dead = await deadPort();
      const refused = await thrown(undici.request(`http://127.0.0.1:${dead.port}/`, { dispatcher: through }));
      assertEquals([refused.code, (refused.cause as HoldfastError).code], ["ECONNREFUSED", "ERR_CONNECT"]);
      const invalid = await thrown(
        undici.request(`${peer.url}/echo`, { dispatcher: through, headers: { upgrade: "x" } }),
      );
      assertInstanceOf(invalid, errors.InvalidArgumentError);
    });

    it("headersTimeout and bodyTimeout are those of the call", PATIENT, async () => {
      const { pool: timed, clock } = service({}, undefined, { respond: () => new Promise(() => {}) });
      const slow = dispatcher(timed, Dispatcher);
      const late = thrown(
        slow.request({ origin: "http://a.test", path: "/never", method: "GET", headersTimeout: 70 }),
      );
      await clock.advance(69);
      await clock.advance(1);
      const { code, cause } = await late;
      assertEquals([code, (cause as HoldfastError).limitMs], ["UND_ERR_HEADERS_TIMEOUT", 70]);
    });

    it("close() waits for what runs, destroy() ends it; both refuse what comes later", PATIENT, async () => {
      const closing = dispatcher(pool, Dispatcher);
      const get = (path: string) => closing.request({ origin: peer.url, path, method: "GET" });
      const { body } = await get("/echo");
      const closed = closing.close();
      assertEquals((await thrown(get("/echo"))).code, "UND_ERR_CLOSED");
      await body.dump();
      await closed;
      const ended = dispatcher({ maxConnections: 1 }, Dispatcher);
      await ended.destroy();
    });
  });

  describe(`${name} over dispatcher(): its interceptors`, () => {
    const text = async (composed: InstanceType<typeof Dispatcher>, path: string): Promise<string> => {
      const { statusCode, body } = await composed.request({ origin: peer.url, path, method: "GET" });
      return `${statusCode} ${await body.text()}`;
    };

    it("retry, redirect, dump and dns work on top", PATIENT, async () => {
      const { retry, redirect, dump, dns } = interceptors;
      const retried = through.compose(retry({ minTimeout: 1, maxRetries: 2 }));
      assert((await text(retried, "/flaky")).startsWith("200 answer"));
      const moved = await text(through.compose(redirect({ maxRedirections: 1 })), "/moved");
      assertGreater(moved.indexOf('"/echo?moved"'), 0);
      assertEquals(await text(through.compose(dump()), "/echo"), "200 ");
      assert((await text(through.compose(dns()), "/echo")).startsWith("200 {"));
    });

    it("cache, responseError and decompress work on top, where this copy has them", PATIENT, async () => {
      const { cache, responseError } = interceptors;
      if (cache === undefined) return assertEquals(name, "undici 6");
      const cached = through.compose(cache());
      assertEquals(await text(cached, "/cached"), await text(cached, "/cached"));
      const strict = through.compose(responseError());
      assertEquals((await thrown(text(strict, "/fails"))).code, "UND_ERR_RESPONSE");
      if (interceptors.decompress !== undefined)
        assertEquals(await text(through.compose(interceptors.decompress()), "/gzip"), "200 hello");
    });
  });
}

describe("dispatcher(), with the class of another copy of undici", () => {
  for (const [name, undici] of found)
    for (const [other, { Dispatcher }] of found)
      it(`works under request() and fetch() of ${name} with that of ${other}`, PATIENT, async () => {
        const through = dispatcher(pool, Dispatcher) as unknown as InstanceType<Undici["Dispatcher"]>;
        const { body } = await undici.request(`${peer.url}/trailers`, { dispatcher: through });
        assertEquals(await body.text(), "body");
        const fetched = await undici.fetch(`${peer.url}/gzip`, { dispatcher: through });
        assertEquals(await fetched.text(), "hello");
      });
});

describe("dispatcher(), given a class of another kind", () => {
  it("says what is wrong with it", { skip: !has.bun }, async () => {
    const { Dispatcher } = await import("undici");
    const error = await thrown((async () => dispatcher(pool, Dispatcher))());
    assert(error.message.includes("Bun has a module of its own"), error.message);
  });
});
