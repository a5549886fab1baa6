/** `forwardWebSocket()`: WebSockets pass Deno.serve and Bun.serve message by message. The other runtimes have neither. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { Hono } from "hono";
import { createPool, type PoolEvent, type PoolOptions } from "../../../mod.ts";
import {
  type ForwardWebSocketOptions,
  forwardWebSocket,
  keepAlive,
  type UpstreamEvent,
  upstream,
} from "../../../src/hono/mod.ts";
import { eventually, guarded } from "../../support/patience.ts";
import { rawServer } from "../../upgrade/raw-server.ts";
import { echoServer } from "./web-socket-echo.ts";

interface Runtime {
  readonly Deno?: {
    serve(
      options: object,
      handler: unknown,
    ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  };
  readonly Bun?: { serve(options: object): { readonly port: number; stop(force: boolean): Promise<void> } };
}

const { Deno: deno, Bun: bun } = globalThis as Runtime;
const SERVES = deno !== undefined || bun !== undefined;

interface Served {
  readonly port: number;
  stop(): Promise<void>;
}

async function serve(fetch: Hono["fetch"]): Promise<Served> {
  if (bun !== undefined) {
    const { websocket } = (await import("hono/bun")) as { websocket: object };
    const server = bun.serve({ port: 0, hostname: "127.0.0.1", fetch, websocket });
    return { port: server.port, stop: () => server.stop(true) };
  }
  const server = deno?.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, fetch);
  return { port: server?.addr.port ?? 0, stop: async () => void server?.shutdown() };
}

async function gateway(target: string, options: ForwardWebSocketOptions = {}, rules: PoolOptions = {}) {
  const events: UpstreamEvent[] = [];
  const told: PoolEvent[] = [];
  const pool = createPool({ ...rules, onEvent: (event) => void told.push(event) });
  const app = new Hono();
  app.use(keepAlive());
  app.use(upstream(pool, { onEvent: (event) => void events.push(event) }));
  app.get("*", (c) => forwardWebSocket(c, target, { via: "edge", ...options }));
  const { port, stop } = await serve(app.fetch);
  return {
    url: `ws://127.0.0.1:${port}/live?a=1`,
    port,
    events,
    told,
    pool,
    async [Symbol.asyncDispose]() {
      await pool.close({ timeout: 0 });
      await stop();
    },
  };
}

/** An open WebSocket, its messages, and its end. */
async function opened(url: string, protocols: string[] = []) {
  const socket = new WebSocket(url, protocols);
  socket.binaryType = "arraybuffer";
  const messages: unknown[] = [];
  const closed = new Promise<[code: number, reason: string]>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve([code, reason]));
  });
  socket.addEventListener("message", ({ data }) => {
    messages.push(data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data);
  });
  await guarded(new Promise((resolve) => socket.addEventListener("open", resolve)), "open");
  return { socket, messages, closed };
}

/** The first line and the end of an answer to a handshake. */
async function answerTo(
  port: number,
  fields: Record<string, string> = {},
): Promise<[status: number, text: string]> {
  const { request } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const headers = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      ...fields,
    };
    const sent = request({ port, host: "127.0.0.1", path: "/", headers, agent: false }, (response) => {
      let text = "";
      response.on("data", (bytes) => {
        text += bytes;
      });
      response.on("end", () => resolve([response.statusCode ?? 0, text]));
    });
    sent.on("upgrade", (_, socket) => {
      socket.destroy();
      reject(new Error("it was upgraded"));
    });
    sent.on("error", reject);
    sent.end();
  });
}

describe("forwardWebSocket", {
  skip: SERVES ? false : "only Deno.serve and Bun.serve show WebSockets to handlers",
}, () => {
  it("passes 10,000 messages, text and binary, and the subprotocol that the upstream chose", async () => {
    await using server = await echoServer();
    await using front = await gateway(`http://127.0.0.1:${server.port}/base`, {
      edit: (headers) => headers.set("x-user", "7"),
    });
    const { socket, messages } = await opened(front.url, ["other", "chat"]);
    assertEquals(socket.protocol, "other");
    for (let sent = 0; sent < 10_000; sent++) socket.send(`message ${sent}`);
    socket.send(new Uint8Array([0, 255, 128]));
    socket.send("");
    socket.send("é".repeat(40_000));
    await eventually(() => messages.length === 10_003, "all echoes");
    assertEquals(
      messages.slice(0, 10_000).every((message, at) => message === `message ${at}`),
      true,
    );
    assertEquals(messages.slice(10_000), [[0, 255, 128], "", "é".repeat(40_000)]);
    const [asked] = server.requests;
    assertEquals(asked?.url, "/base/live?a=1");
    const {
      host,
      via,
      "x-user": user,
      "x-forwarded-for": address,
      "sec-websocket-extensions": extensions,
    } = asked?.headers ?? {};
    assertEquals(
      [host, via, user, address, extensions],
      [`127.0.0.1:${server.port}`, "1.1 edge", "7", "127.0.0.1", undefined],
    );
    const closed = front.told.filter(({ type }) => type === "connection.retired") as { reason?: string }[];
    assertEquals(
      closed.map(({ reason }) => reason),
      ["upgraded"],
    );
    socket.close();
  });

  it("passes close codes both ways, and their absence", async () => {
    await using server = await echoServer();
    await using front = await gateway(`http://127.0.0.1:${server.port}`);
    const first = await opened(front.url);
    first.socket.close(4321, "by the client");
    assertEquals((await guarded(first.closed, "close"))[0], 4321);
    await eventually(() => server.closed.length === 1, "the upstream is told");
    const second = await opened(front.url);
    second.socket.close();
    await eventually(() => server.closed.length === 2, "the upstream is told");
    assertEquals(server.closed, [4321, 1005]);
    for (const code of [4001, 1001, 1012]) {
      const { socket, closed } = await opened(front.url);
      socket.send(`close ${code}`);
      assertEquals(await guarded(closed, "close"), [code, "by the server"]);
    }
  });

  it("tells either side that the other has gone", async () => {
    await using server = await echoServer();
    await using front = await gateway(`http://127.0.0.1:${server.port}`);
    const { closed } = await opened(front.url);
    server.sockets[0]?.destroy();
    assertEquals((await guarded(closed, "close"))[0], 1011);
    const { connect } = await import("node:net");
    const raw = connect(front.port, "127.0.0.1");
    raw.on("error", () => {});
    raw.write(
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await guarded(new Promise((resolve) => raw.once("data", resolve)), "the upgrade");
    raw.destroy();
    await eventually(() => {
      const at = server.sockets[1];
      return at?.destroyed === true || at?.readableEnded === true;
    }, "the upstream is told");
    // Deno 2.9 does not tell a FIN from an empty Close.
    if (deno === undefined) assertEquals(server.closed, []);
  });

  it("closes with 1013 when an upstream does not read, and 1009 when its message is too big", async () => {
    await using server = await echoServer();
    await using front = await gateway(`http://127.0.0.1:${server.port}`, { maxBuffered: 65_536 });
    const big = await opened(front.url);
    big.socket.send("send 65536");
    await eventually(() => big.messages.length === 1, "the message");
    big.socket.send("send 65537");
    assertEquals((await guarded(big.closed, "close"))[0], 1009);
    await eventually(() => server.closed[0] === 1009, "the upstream is told");
    const deaf = await opened(front.url);
    await eventually(() => server.sockets.length === 2, "the second");
    server.sockets[1]?.pause();
    const piece = "x".repeat(60_000);
    for (let sent = 0; sent < 400; sent++) deaf.socket.send(piece);
    const [code] = await guarded(deaf.closed, "close");
    // Deno 2.9 resets a connection on which it is still sent something when it closes.
    assertEquals(code, deno === undefined ? 1013 : 0);
  });

  it("answers 502 and 504, passes other answers on, and refuses what is no handshake", async () => {
    {
      await using front = await gateway("http://127.0.0.1:1");
      assertEquals(await answerTo(front.port), [502, "Bad Gateway\n"]);
      assertEquals(
        front.events.map(({ type, status }) => [type, status]),
        [["upstream.failed", 502]],
      );
      assertEquals((await answerTo(front.port, { via: "1.1 edge" }))[0], 508);
      assertEquals((await answerTo(front.port, { upgrade: "tcp" }))[0], 426);
      assertEquals((await answerTo(front.port, { "sec-websocket-version": "12" }))[0], 400);
    }
    {
      let asked = "";
      await using server = await rawServer((head, socket) => {
        asked = head;
        socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
      });
      await using front = await gateway(server.url);
      await answerTo(front.port, { connection: "Upgrade, X-Hop", "x-hop": "1", "proxy-authorization": "x" });
      assertEquals(/^(x-hop|proxy-)/im.test(asked), false, asked);
    }
    for (const [answer, status] of [
      ["", 504],
      ["HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno", 403],
      [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: x\r\n\r\n",
        502,
      ],
    ] as const) {
      await using server = await rawServer((_, socket) => void (answer === "" || socket.write(answer)));
      // Only the silent upstream has a limit: on a busy machine the others may take as long.
      await using front = await gateway(server.url, {}, status === 504 ? { headersTimeout: "50ms" } : {});
      assertEquals((await answerTo(front.port))[0], status);
    }
  });
});

describe("forwardWebSocket elsewhere", () => {
  it("is refused, with the name of what is right there", async () => {
    const app = new Hono();
    app.use(upstream());
    let thrown: unknown;
    app.get("*", (c) => forwardWebSocket(c, "http://127.0.0.1:1"));
    app.onError((error, c) => {
      thrown = error;
      return c.text("", 500);
    });
    await app.request("/", {}, { incoming: {} });
    assertEquals(String(thrown).includes("forwardUpgrades"), true);
    const c = { req: {}, get: () => undefined } as never;
    await assertRejects(() => forwardWebSocket(c, "http://a", { maxBuffered: 0 }), RangeError, "maxBuffered");
    await assertRejects(() => forwardWebSocket(c, "ws://a"), TypeError, "http");
    await assertRejects(() => forwardWebSocket(c, "http://a", { other: 1 } as never), TypeError, "other");
  });
});
