/** A pool over HTTP/2, end to end with the node:http2 server of the runtime: negotiation, sharing, bodies, and ends. */

import { readFileSync } from "node:fs";
import {
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type Http2Session,
  type ServerHttp2Stream,
} from "node:http2";
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server,
  type Socket,
} from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { createPool, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { MovableClock } from "../support/clock.ts";
import { eventually, PATIENCE_MS } from "../support/patience.ts";

const file = (name: string) => readFileSync(new URL(`../certs/${name}`, import.meta.url), "utf8");
const ca = file("ca.pem");

type Headers = Record<string, string | string[] | undefined>;
type Answer = (stream: ServerHttp2Stream, headers: Headers) => void;

/** `:status: 200` from the static table (RFC 7541, appendix A). */
const OK = new Uint8Array([0x88]);

/** A frame (RFC 9113 §4.1). */
function frame(type: number, flags: number, streamId: number, payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(9 + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, (payload.length << 8) | type);
  view.setUint8(4, flags);
  view.setUint32(5, streamId);
  bytes.set(payload, 9);
  return bytes;
}

const refuse = (streamId: number): Uint8Array => frame(3, 0, streamId, new Uint8Array([0, 0, 0, 7]));
const goaway = (last: number): Uint8Array => frame(7, 0, 0, new Uint8Array([0, 0, 0, last, 0, 0, 0, 0]));
/** The whole of a response. */
const headers = (streamId: number, block: Uint8Array): Uint8Array => frame(1, 5, streamId, block);

/** A server over plain TCP that answers each request with frames. */
class FrameServer implements AsyncDisposable {
  connections = 0;
  readonly #server: Server;

  private constructor(answer: (connection: { number: number }, streamId: number) => readonly Uint8Array[]) {
    this.#server = createTcpServer((socket) => {
      this.connections += 1;
      const connection = { number: this.connections };
      let read = Buffer.alloc(0);
      socket.on("error", () => {});
      socket.write(frame(4, 0, 0, new Uint8Array(0)));
      socket.on("data", (piece) => {
        read = Buffer.concat([read, piece]);
        if (read.length >= 24 && read.subarray(0, 3).toString() === "PRI") read = read.subarray(24);
        while (read.length >= 9 && read.length >= 9 + read.readUIntBE(0, 3)) {
          const [length, type, id] = [read.readUIntBE(0, 3), read.readUInt8(3), read.readUInt32BE(5)];
          read = read.subarray(9 + length);
          if (type === 1) for (const bytes of answer(connection, id)) socket.write(bytes);
        }
      });
    });
  }

  static async open(answer: (connection: { number: number }, streamId: number) => readonly Uint8Array[]) {
    const server = new FrameServer(answer);
    await new Promise<void>((listening) => void server.#server.listen(0, "127.0.0.1", listening));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}

/** A proxy that opens tunnels: by CONNECT, or by SOCKS5 without authentication. */
class Tunnels implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();

  private constructor(kind: "http" | "socks5") {
    this.#server = createTcpServer((client) => {
      this.#sockets.add(client);
      client.on("error", () => {});
      client.once("data", (opening) => {
        if (kind === "http") {
          const [, host, port] = /^CONNECT (.*):(\d+) /.exec(opening.toString("latin1")) ?? [];
          return this.#join(client, host, Number(port), "HTTP/1.1 200 OK\r\n\r\n");
        }
        client.write(new Uint8Array([5, 0]));
        client.once("data", (asked) => {
          const port = asked.readUInt16BE(asked.length - 2);
          this.#join(client, "127.0.0.1", port, new Uint8Array([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
        });
      });
    });
  }

  #join(client: Socket, host: string | undefined, port: number, answer: string | Uint8Array): void {
    const onward = connect(port, host === "localhost" ? "127.0.0.1" : (host ?? ""), () => {
      client.write(answer);
      client.pipe(onward);
      onward.pipe(client);
    });
    this.#sockets.add(onward);
    onward.on("error", () => client.destroy());
  }

  static async open(kind: "http" | "socks5"): Promise<Tunnels> {
    const tunnels = new Tunnels(kind);
    await new Promise<void>((listening) => void tunnels.#server.listen(0, "127.0.0.1", listening));
    return tunnels;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** A server, a pool and what both saw. */
class World implements AsyncDisposable {
  readonly sessions: Http2Session[] = [];
  readonly events: PoolEvent[] = [];
  readonly pool: ReturnType<typeof createPool>;
  readonly #server: Http2SecureServer | Http2Server;
  readonly url: string;

  private constructor(server: Http2SecureServer | Http2Server, url: string, options: PoolOptions) {
    this.#server = server;
    this.url = url;
    server.on("session", (session: Http2Session) => void this.sessions.push(session));
    this.pool = createPool({
      tls: { ca },
      requestTimeout: PATIENCE_MS,
      ...options,
      onEvent: (event) => void this.events.push(event),
    });
  }

  static async open(
    answer: Answer,
    options: PoolOptions = {},
    { plain = false, settings = {} }: { plain?: boolean; settings?: object } = {},
  ): Promise<World> {
    const server = plain
      ? createServer({ settings })
      : createSecureServer({ key: file("server.key"), cert: file("server.pem"), settings });
    server.on("stream", answer as () => void);
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    const url = plain ? `http://127.0.0.1:${port}/` : `https://localhost:${port}/`;
    return new World(server, url, { http2: plain ? "prior-knowledge" : "alpn", ...options });
  }

  told<T extends PoolEvent["type"]>(type: T): (PoolEvent & { type: T })[] {
    return this.events.filter((event): event is PoolEvent & { type: T } => event.type === type);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pool.close({ timeout: 1000 });
    for (const session of this.sessions) session.destroy();
    await new Promise<void>((closed) => void this.#server.close(() => closed()));
  }
}

const echo: Answer = (stream) => {
  stream.respond({ ":status": 200, "content-type": "text/plain" });
  stream.pipe(stream);
};

const hello: Answer = (stream, headers) => {
  stream.respond({ ":status": 200, "content-type": "text/plain" });
  stream.end(`hello ${headers[":path"]}`);
};

describe("a pool that may speak HTTP/2", () => {
  it("speaks it with a TLS server that chooses it", async () => {
    await using world = await World.open(hello);
    const response = await world.pool.request(`${world.url}a`);
    assertEquals([response.status, await response.text()], [200, "hello /a"]);
    assertEquals([response.connection.protocol, response.connection.requestNumber], ["h2", 1]);
    const again = await world.pool.fetch(`${world.url}b`);
    assertEquals([await again.text(), again.headers.get("content-type")], ["hello /b", "text/plain"]);
    assertEquals(
      world.told("request.finished").map(({ httpVersion, reused }) => [httpVersion, reused]),
      [
        ["2", false],
        ["2", true],
      ],
    );
    assertEquals(
      world.told("connection.opened").map(({ protocol }) => protocol),
      ["h2"],
    );
  });

  it("speaks it with prior knowledge over plain TCP", async () => {
    await using world = await World.open(hello, {}, { plain: true });
    const response = await world.pool.request(`${world.url}a`);
    assertEquals([await response.text(), response.connection.protocol], ["hello /a", "h2"]);
  });

  it("sends all requests of a burst on one connection", async () => {
    await using world = await World.open(hello);
    const calls = Array.from({ length: 50 }, (_, index) => world.pool.request(`${world.url}${index}`));
    const texts = await Promise.all(calls.map(async (call) => (await call).text()));
    assertEquals(
      texts,
      Array.from({ length: 50 }, (_, index) => `hello /${index}`),
    );
    assertEquals([world.sessions.length, world.pool.stats().opened], [1, 1]);
  });

  it("opens another connection when the peer's limit is reached", async () => {
    const waiting: ServerHttp2Stream[] = [];
    const hold: Answer = (stream) => void waiting.push(stream);
    await using world = await World.open(hold, {}, { settings: { maxConcurrentStreams: 3 } });
    const first = world.pool.request(world.url);
    await eventually(() => waiting.length >= 1, "the first request");
    const calls = [first, ...Array.from({ length: 4 }, () => world.pool.request(world.url))];
    await eventually(() => waiting.length >= 5, "all five requests");
    for (const stream of waiting) hello(stream, { ":path": "x" });
    await Promise.all(calls.map(async (call) => (await call).text()));
    assertEquals(world.sessions.length, 2);
  });

  it("begins the next connection with as many streams as the last one was allowed", async () => {
    const options = { http2: "prior-knowledge", maxConnectionsPerOrigin: 1 } as const;
    await using world = await World.open(hello, options, {
      plain: true,
      settings: { maxConcurrentStreams: 3 },
    });
    const burst = async (): Promise<void> => {
      await Promise.all(Array.from({ length: 20 }, async () => (await world.pool.request(world.url)).text()));
    };
    await burst();
    const { retries } = world.pool.stats();
    world.pool.drain();
    await burst();
    const { retries: after, opened, retired } = world.pool.stats();
    assertEquals([after, opened, retired], [retries, 2, { "origin-drained": 1 }]);
  });

  it("uploads bytes and streams", async () => {
    await using world = await World.open(echo);
    const bytes = new Uint8Array(1_000_000).map((_, index) => index % 251);
    const response = await world.pool.request(world.url, { method: "POST", body: bytes });
    assertEquals(Buffer.compare(await response.bytes(), bytes), 0);
    async function* pieces() {
      for (let count = 0; count < 10; count++) yield new TextEncoder().encode(`piece ${count} `);
    }
    const streamed = await world.pool.request(world.url, { method: "POST", body: pieces() });
    assertEquals((await streamed.text()).length, 80);
    assertEquals(world.sessions.length, 1);
  });

  it("keeps the connection when a request is aborted or its body left unread", async () => {
    const endless: Answer = (stream, headers) => {
      stream.on("error", () => {});
      if (headers[":path"] === "/") return hello(stream, headers);
      stream.respond({ ":status": 200 });
      stream.write("x".repeat(100_000));
    };
    await using world = await World.open(endless);
    const controller = new AbortController();
    const aborted = await world.pool.request(`${world.url}endless`, { signal: controller.signal });
    controller.abort(new Error("enough"));
    assertEquals(await aborted.text().catch((error) => error.message), "enough");
    const dropped = await world.pool.request(`${world.url}endless`);
    dropped.discard();
    const response = await world.pool.request(world.url);
    assertEquals([await response.text(), response.connection.requestNumber], ["hello /", 3]);
    assertEquals(world.pool.stats().retired, {});
  });

  it("keeps the connection when a request is aborted in its liveness check, and others go on", async () => {
    await using world = await World.open(hello);
    await (await world.pool.request(world.url)).text();
    // Long enough for a check.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const controller = new AbortController();
    const post = { method: "POST", body: "x" };
    const [aborted, other] = [
      world.pool.request(world.url, { ...post, signal: controller.signal }),
      world.pool.request(world.url, post),
    ];
    controller.abort(new Error("enough"));
    assertEquals(await aborted.catch((error) => error.message), "enough");
    assertEquals(await (await other).text(), "hello /");
    assertEquals([world.pool.stats().opened, world.pool.stats().retired], [1, {}]);
  });

  it("sends what a GOAWAY proves unprocessed on another connection, also a POST", async () => {
    await using server = await FrameServer.open((connection, streamId) =>
      connection.number === 1 ? [goaway(0)] : [headers(streamId, OK)],
    );
    const events: PoolEvent[] = [];
    await using pool = createPool({
      requestTimeout: PATIENCE_MS,
      http2: "prior-knowledge",
      onEvent: (event) => void events.push(event),
    });
    const response = await pool.request(server.url, { method: "POST", body: "x" });
    assertEquals([response.status, await response.text(), response.resendCount], [200, "", 1]);
    const retried = events.flatMap((event) => (event.type === "request.retried" ? [event.reason] : []));
    assertEquals([retried, pool.stats().retired], [["unprocessed"], { goaway: 1 }]);
  });

  it("sends what was refused again, also a POST, as of the time of the refusal", async () => {
    let requests = 0;
    await using server = await FrameServer.open((_, streamId) =>
      ++requests === 1 ? [refuse(streamId)] : [headers(streamId, OK)],
    );
    const waited: boolean[] = [];
    await using pool = createPool({
      http2: "prior-knowledge",
      onEvent: (event) =>
        event.type === "connection.acquired" && void waited.push(event.idleMs >= 0 && event.waitedMs >= 0),
    });
    const response = await pool.request(server.url, { method: "POST", body: "x" });
    assertEquals([response.status, response.resendCount, server.connections], [200, 1, 1]);
    assertEquals(waited, [true, true]);
  });

  it("serves no request before it has begun to wait, however much comes at once", async () => {
    await using server = await FrameServer.open((_, streamId) => {
      if (streamId === 1) return [];
      return streamId === 3 ? [Buffer.concat([refuse(1), headers(3, OK)])] : [headers(streamId, OK)];
    });
    const waited: number[] = [];
    await using pool = createPool({
      http2: "prior-knowledge",
      maxConnectionsPerOrigin: 1,
      maxStreams: 2,
      onEvent: (event) => event.type === "connection.acquired" && void waited.push(event.waitedMs),
    });
    const answers = await Promise.all([1, 2, 3].map(() => pool.request(server.url)));
    assertEquals(answers.map(({ resendCount }) => resendCount).sort(), [0, 0, 1]);
    assertEquals([waited.length, waited.filter((ms) => ms < 0)], [4, []]);
  });

  it("sends it up to six times, and then it fails as not sent", async () => {
    await using server = await FrameServer.open(() => [goaway(0)]);
    await using pool = createPool({ requestTimeout: PATIENCE_MS, http2: "prior-knowledge" });
    const error = await pool.request(server.url, { method: "POST", body: "x" }).catch((thrown) => thrown);
    assertEquals([error.code, error.sent, error.retriable], ["ERR_CONNECTION_LOST", "none", true]);
    const said = "the peer sent GOAWAY with NO_ERROR";
    const which = "connection #7 (request 1 on it), the last of 7 attempts";
    assertStringIncludes(error.message, `: ${said}, and did not process the request on ${which}`);
    assertEquals([error.cause.message, error.cause.reason], [said, "NO_ERROR"]);
    assertEquals([server.connections, pool.stats().retries], [7, 6]);
  });

  it("fails with what the peer said if the body cannot be sent again", async () => {
    await using server = await FrameServer.open((_connection, id) => [refuse(id)]);
    await using pool = createPool({ requestTimeout: PATIENCE_MS, http2: "prior-knowledge" });
    const body = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10)) });
    const error = await pool.request(server.url, { method: "POST", body }).catch((thrown) => thrown);
    assertEquals([error.code, error.sent], ["ERR_CONNECTION_LOST", "none"]);
    const said =
      "the peer sent RST_STREAM with REFUSED_STREAM, and did not process the request on connection #1";
    assertStringIncludes(error.message, `: ${said} (request 1 on it)`);
  });

  it("sends no request whose fields the peer does not take, and keeps the connection", async () => {
    const settings = frame(4, 0, 0, new Uint8Array([0, 6, 0, 0, 16, 0]));
    await using server = await FrameServer.open((_connection, id) => [settings, headers(id, OK)]);
    await using pool = createPool({ requestTimeout: PATIENCE_MS, http2: "prior-knowledge" });
    await pool.request(server.url);
    const cookie = "c".repeat(5000);
    const error = await pool.request(server.url, { headers: { cookie } }).catch((thrown) => thrown);
    assertEquals(
      [error.code, error.side, error.fault, error.phase],
      ["ERR_PROTOCOL", "local", "head-too-large", "send"],
    );
    assertEquals([error.sent, error.retriable, error.limitBytes], ["none", false, 4096]);
    assertStringIncludes(error.message, "bytes, and the peer takes 4096 (MAX_HEADER_LIST_SIZE)");
    assertEquals((await pool.request(server.url)).connection.id, 1);
  });

  it("ends the connection after a request that asked for it", async () => {
    await using world = await World.open(hello);
    const response = await world.pool.request(world.url, { headers: { connection: "close" } });
    assertEquals(await response.text(), "hello /");
    assertEquals(world.pool.stats().retired, { "not-persistent": 1 });
  });

  it("sends and receives trailers", async () => {
    const received: Headers[] = [];
    const behind: Answer = (stream) => {
      stream.on("trailers", (trailers) => void received.push(trailers));
      stream.respond({ ":status": 200 }, { waitForTrailers: true });
      stream.on("wantTrailers", () => stream.sendTrailers({ "x-answer": "42" }));
      stream.pipe(stream);
    };
    await using world = await World.open(behind);
    const response = await world.pool.request(world.url, {
      method: "POST",
      body: "hello",
      headers: { te: "trailers" },
      trailers: () => ({ "X-Sum": "5" }),
    });
    assertEquals([await response.text(), response.trailers], ["hello", [["x-answer", "42"]]]);
    assertEquals(
      received.map((trailers) => trailers["x-sum"]),
      ["5"],
    );
  });

  it("sends on while the response comes, and the other way round", async () => {
    await using world = await World.open(echo);
    const told: string[] = [];
    let next: (text: string | undefined) => void = () => {};
    const asked: (string | undefined)[] = ["first"];
    async function* body() {
      for (;;) {
        const text =
          asked.length > 0
            ? asked.shift()
            : await new Promise<string | undefined>((take) => {
                next = take;
              });
        if (text === undefined) return;
        yield new TextEncoder().encode(text);
      }
    }
    const response = await world.pool.request(world.url, { method: "POST", body: body() });
    const reader = response.body.getReader();
    for (const text of ["second", "third", undefined]) {
      const { value } = await reader.read();
      told.push(new TextDecoder().decode(value as Uint8Array));
      next(text);
    }
    assertEquals([told, (await reader.read()).done], [["first", "second", "third"], true]);
    assertEquals(world.pool.stats().idle, 1);
  });

  it("waits for 100 Continue before a body if it was asked to", async () => {
    await using world = await World.open(echo);
    const response = await world.pool.request(world.url, {
      method: "POST",
      body: "hello",
      headers: { expect: "100-continue" },
    });
    assertEquals(await response.text(), "hello");
  });

  it("gives a 421 to the caller", async () => {
    const misdirected: Answer = (stream) => stream.respond({ ":status": 421 }, { endStream: true });
    await using world = await World.open(misdirected);
    const response = await world.pool.request(world.url);
    assertEquals([response.status, response.resendCount], [421, 0]);
  });

  it("resets a request whose deadline passes, and keeps the connection", async () => {
    const codes: number[] = [];
    let asked = 0;
    const silent: Answer = (stream, headers) => {
      asked += 1;
      stream.on("error", () => {});
      if (headers[":path"] === "/") return hello(stream, headers);
      stream.on("close", () => void codes.push(stream.rstCode));
    };
    const clock = new MovableClock();
    await using world = await World.open(silent, { clock });
    const call = world.pool.request(`${world.url}x`, { headersTimeout: 30 }).catch((thrown) => thrown);
    await eventually(() => asked > 0, "the request");
    await clock.advance(30);
    const error = await call;
    assertEquals([error.code, error.connection.protocol], ["ERR_HEADERS_TIMEOUT", "h2"]);
    assertEquals((await world.pool.request(world.url)).connection.requestNumber, 2);
    await eventually(() => codes.length > 0, "the end of its stream");
    assertEquals(codes, [8]);
  });

  it("sends no fields that HTTP/2 forbids, and the host as the authority", async () => {
    const seen: Headers[] = [];
    const noting: Answer = (stream, headers) => {
      seen.push(headers);
      hello(stream, headers);
    };
    await using world = await World.open(noting);
    const headers = { Host: "other.test", "X-Upper": "A", connection: "keep-alive", cookie: "a=1; b=2" };
    await (await world.pool.request(world.url, { headers })).text();
    const [got] = seen;
    assertEquals(
      [got?.[":authority"], got?.host, got?.connection, got?.["x-upper"], got?.cookie],
      ["other.test", undefined, undefined, "A", "a=1; b=2"],
    );
  });

  it("goes through a CONNECT tunnel and a SOCKS proxy", async () => {
    await using world = await World.open(hello);
    for (const kind of ["http", "socks5"] as const) {
      await using proxy = await Tunnels.open(kind);
      await using pool = createPool({
        requestTimeout: PATIENCE_MS,
        tls: { ca },
        proxy: `${kind}://127.0.0.1:${proxy.port}`,
      });
      const response = await pool.request(`${world.url}${kind}`);
      assertEquals([await response.text(), response.connection.protocol], [`hello /${kind}`, "h2"]);
    }
  });

  it("goes through a tunnel with prior knowledge, though the proxy would forward requests", async () => {
    await using world = await World.open(hello, {}, { plain: true });
    await using proxy = await Tunnels.open("http");
    await using pool = createPool({
      requestTimeout: PATIENCE_MS,
      http2: "prior-knowledge",
      proxy: `http://127.0.0.1:${proxy.port}`,
    });
    const response = await pool.request(`${world.url}a`);
    assertEquals([await response.text(), response.connection.protocol], ["hello /a", "h2"]);
  });

  it("says why it asked for a tunnel if the proxy refuses one", async () => {
    const proxy = createTcpServer((client) => {
      client.on("error", () => {});
      client.once("data", () => client.end("HTTP/1.1 403 Forbidden\r\n\r\n"));
    });
    await new Promise<void>((listening) => void proxy.listen(0, "127.0.0.1", listening));
    const { port } = proxy.address() as AddressInfo;
    await using pool = createPool({ http2: "prior-knowledge", proxy: `http://127.0.0.1:${port}` });
    const error = await pool.request("http://a.test/").catch((thrown) => thrown);
    proxy.close();
    assertEquals([error.code, error.status], ["ERR_PROXY", 403]);
    assertStringIncludes(
      error.message,
      'refused a tunnel, which http2: "prior-knowledge" needs: 403 Forbidden',
    );
  });

  it("speaks it over a Unix socket", async () => {
    const unixPath = join(tmpdir(), `holdfast-http2-${process.pid}.sock`);
    const server = createServer();
    server.on("stream", hello as () => void);
    await new Promise<void>((listening) => void server.listen(unixPath, listening));
    await using pool = createPool({ requestTimeout: PATIENCE_MS, http2: "prior-knowledge", unixPath });
    const response = await pool.request("http://service.test/a");
    assertEquals([await response.text(), response.connection.protocol], ["hello /a", "h2"]);
    await pool.close();
    server.close();
  });

  it("fails an upload that the server does not read, and keeps the connection", async () => {
    const deaf: Answer = (stream, headers) => {
      stream.on("error", () => {});
      if (headers[":path"] === "/") hello(stream, headers);
    };
    await using world = await World.open(deaf);
    const upload = { method: "PUT", body: new Uint8Array(10_000_000), bodyIdleTimeout: 100 };
    const error = await world.pool.request(`${world.url}deaf`, upload).catch((thrown) => thrown);
    assertEquals([error.code, error.phase, error.sent], ["ERR_BODY_TIMEOUT", "send", "partial"]);
    assertEquals((await world.pool.request(world.url)).connection.requestNumber, 2);
  });

  it("lets running requests end after drain(), and opens another connection for the next", async () => {
    const waiting: ServerHttp2Stream[] = [];
    const hold: Answer = (stream, headers) =>
      headers[":path"] === "/" ? hello(stream, headers) : void waiting.push(stream);
    await using world = await World.open(hold);
    const running = world.pool.request(`${world.url}held`);
    await eventually(() => waiting.length > 0, "the request that is held");
    world.pool.drain();
    const next = await world.pool.request(world.url);
    assertEquals([await next.text(), next.connection.id], ["hello /", 2]);
    for (const stream of waiting) hello(stream, { ":path": "late" });
    assertEquals(await (await running).text(), "hello late");
    assertEquals(world.pool.stats().retired, { "origin-drained": 1 });
  });

  it("cuts off what still runs when the grace of close() is over", async () => {
    const silent: Answer = (stream) => void stream.on("error", () => {});
    await using world = await World.open(silent);
    const calls = [1, 2, 3].map(() => world.pool.request(world.url).catch((error) => error.code));
    await eventually(() => world.pool.stats().active > 0, "the requests");
    await world.pool.close({ timeout: 20 });
    assertEquals(await Promise.all(calls), Array(3).fill("ERR_POOL_CLOSED"));
    assertEquals(world.pool.stats().open, 0);
  });

  it("speaks HTTP/1.1 if it is told to", async () => {
    await using world = await World.open(hello, { http2: false });
    const error = await world.pool.request(world.url).catch((thrown) => thrown);
    assertEquals(error.name, "HoldfastError");
  });
});
