/** `keepAliveServer()` on the wire, with the servers of `node:http` and `node:http2`. */

import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo, Socket } from "node:net";
import { after, describe, it } from "node:test";
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import {
  behind,
  type KeepAliveEvent,
  type KeepAliveHandle,
  type KeepAliveRules,
  type KeepAliveServer,
  type KeepAliveServerOptions,
  keepAliveServer,
} from "../../src/server/mod.ts";
import { RawClient, type RawResponse } from "../hono/support/raw-client.ts";
import { RawHttp2Client } from "../hono/support/raw-http2-client.ts";
import { eventually, PATIENT } from "../support/patience.ts";

const started: { close(): unknown; closeAllConnections?(): void }[] = [];
const clients: RawHttp2Client[] = [];

after(() => {
  for (const client of clients) client.end();
  for (const server of started) {
    server.close();
    server.closeAllConnections?.();
  }
});

async function listen(server: Server | http2.Http2Server): Promise<number> {
  started.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return (server.address() as AddressInfo).port;
}

interface Subject {
  readonly server: Server;
  readonly port: number;
  readonly alive: KeepAliveHandle;
  readonly events: KeepAliveEvent[];
  readonly executed: string[];
  /** The server's side of the last connection that had a request. */
  socket(): Socket | undefined;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const answer: Handler = (_request, response) => void response.end("hello");

/** A server that listened before it got its rules, and gets its handler last. */
async function start(
  rules: KeepAliveRules,
  handler: Handler = answer,
  options: KeepAliveServerOptions = {},
): Promise<Subject> {
  const events: KeepAliveEvent[] = [];
  const executed: string[] = [];
  let socket: Socket | undefined;
  const server = createServer();
  const port = await listen(server);
  const alive = keepAliveServer(server, rules, { onEvent: (event) => events.push(event), ...options });
  server.on("request", (request, response) => {
    executed.push(request.url ?? "");
    socket = request.socket;
    handler(request, response);
  });
  return { server, port, alive, events, executed, socket: () => socket };
}

function announced({ headers }: RawResponse): [string | undefined, string | undefined] {
  return [headers.get("connection"), headers.get("keep-alive")];
}

async function ask(raw: RawClient, path = "/", version = "1.1", ...fields: string[]): Promise<RawResponse> {
  raw.get(path, version, ...fields);
  return await raw.response();
}

/** How a handler may write its head, each with the same meaning. */
const WAYS: Readonly<Record<string, Handler>> = {
  "end() alone": answer,
  "writeHead() with an object": (_, response) =>
    void response.writeHead(200, { "content-length": 5, "Keep-Alive": "timeout=1" }).end("hello"),
  "writeHead() with a reason and names and values in turn": (_, response) => {
    const fields = ["content-length", "5", "keep-alive", "timeout=1", "set-cookie", "a", "set-cookie", "b"];
    response.writeHead(200, "Fine", fields).end("hello");
  },
  "writeHead() with pairs": (_, response) => {
    const fields = Object.entries({ "content-length": "5", "keep-alive": "timeout=1" });
    response.writeHead(200, fields as unknown as OutgoingHttpHeaders).end("hello");
  },
  "write(), which sends the head": (_, response) => {
    response.setHeader("keep-alive", "timeout=1");
    response.write("hel");
    response.end("lo");
  },
  "flushHeaders()": (_, response) => {
    response.flushHeaders();
    response.end("hello");
  },
};

describe("keepAliveServer()", () => {
  for (const [way, handler] of Object.entries(WAYS)) {
    it(`announces its rules in a response made by ${way}`, PATIENT, async () => {
      const { port, executed } = await start({ maxRequests: 3 }, handler);
      const raw = await RawClient.open(port);
      const answers = [await ask(raw), await ask(raw), await ask(raw)];
      assertEquals(
        answers.map((one) => [one.status, one.body, announced(one)[1]]),
        [
          [200, "hello", "timeout=74, max=2"],
          [200, "hello", "timeout=74, max=1"],
          [200, "hello", undefined],
        ],
      );
      assertEquals(answers[2] && announced(answers[2])[0], "close");
      if (way.includes("in turn")) assertEquals(answers[0]?.headers.get("set-cookie"), "a, b");
      await raw.end();
      assertEquals(executed.length, 3);
    });
  }

  it(
    "keeps an idle connection as long as the rule says, and lifts that while a request runs",
    PATIENT,
    async () => {
      const during: (number | undefined)[] = [];
      const { port, socket } = await start({ idleTimeout: "33s" }, (request, response) => {
        during.push(request.socket.timeout ?? 0);
        answer(request, response);
      });
      const raw = await RawClient.open(port);
      await ask(raw);
      await eventually(() => socket()?.timeout === 33_000, "the idle timeout");
      await ask(raw);
      assertEquals(during, [0, 0]);
      raw.abort();
    },
  );

  it("executes nothing that is pipelined behind the last response", PATIENT, async () => {
    const { port, executed, events } = await start({ maxRequests: 2 });
    const raw = await RawClient.open(port);
    raw.send(["/1", "/2", "/3", "/4"].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    await raw.response();
    assertEquals(announced(await raw.response())[0], "close");
    await raw.end();
    assertEquals(executed, ["/1", "/2"]);
    assertEquals(
      events.map((event) => "reason" in event && [event.reason, event.requests]),
      [["max-requests", 2]],
    );
  });

  it("takes a handler's Connection: close for its word", PATIENT, async () => {
    const ways: Handler[] = [
      (_, response) => void response.setHeader("connection", "close").end(),
      (_, response) => void response.writeHead(200, { Connection: "close" }).end(),
    ];
    for (const way of ways) {
      const { port } = await start({}, way);
      const raw = await RawClient.open(port);
      assertEquals(announced(await ask(raw)), ["close", undefined]);
      await raw.end();
    }
  });

  // Bun 1.4 ends every connection of HTTP/1.0.
  it("keeps a connection of HTTP/1.0 that asks for it", {
    ...PATIENT,
    skip: "Bun" in globalThis,
  }, async () => {
    const { port } = await start({ maxRequests: 9 }, (_, response) => {
      response.writeHead(200, { "content-length": 5 }).end("hello");
    });
    const raw = await RawClient.open(port);
    const [connection, keepAlive] = announced(await ask(raw, "/", "1.0", "Connection: keep-alive"));
    assertEquals([connection?.toLowerCase(), keepAlive], ["keep-alive", "timeout=74, max=8"]);
    assertEquals((await ask(raw, "/", "1.0")).status, 200);
    await raw.end();
  });

  it("passes a request on from checkContinue to request, and counts it once", PATIENT, async () => {
    const { port, server } = await start({ maxRequests: 5 });
    server.on("checkContinue", (request, response) => {
      response.writeContinue();
      server.emit("request", request, response);
    });
    const raw = await RawClient.open(port);
    raw.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n");
    await raw.heard("timeout=74, max=4");
    raw.abort();
  });

  it("lifts the idle timeout of a connection that changes its protocol", PATIENT, async () => {
    const { port, server, socket } = await start({ idleTimeout: "20s" });
    const lifted = new Promise<number | undefined>((resolve) =>
      server.on("upgrade", (_request, upgraded: Socket) => {
        upgraded.on("error", () => {}); // the client ends it with an RST
        resolve(upgraded.timeout ?? 0);
        upgraded.end("HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: upgrade\r\n\r\n");
      }),
    );
    const raw = await RawClient.open(port);
    await ask(raw);
    await eventually(() => socket()?.timeout === 20_000, "the idle timeout");
    raw.get("/", "1.1", "Connection: upgrade", "Upgrade: echo");
    assertEquals(await lifted, 0);
    raw.abort();
  });

  it("says close with every response after drain(), and still takes connections", PATIENT, async () => {
    const { port, alive, executed } = await start({});
    alive.drain();
    for (const _ of [1, 2]) {
      const raw = await RawClient.open(port);
      assertEquals(announced(await ask(raw))[0], "close");
      await raw.end();
    }
    assertEquals(executed.length, 2);
  });

  it(
    "shutdown() says close with a response that was running, and ends idle connections",
    PATIENT,
    async () => {
      let respond = (): void => {};
      const { port, alive, executed } = await start({}, (request, response) => {
        if (request.url === "/slow") respond = () => void response.end("slow");
        else answer(request, response);
      });
      const [idle, busy] = [await RawClient.open(port), await RawClient.open(port)];
      await ask(idle);
      busy.get("/slow");
      await eventually(() => executed.includes("/slow"), "the slow request");
      const report = alive.shutdown({ timeout: "20s" });
      await idle.end();
      respond();
      assertEquals(announced(await busy.response())[0], "close");
      const { server, cut } = await report;
      assertEquals([server, cut], ["node", 0]);
      await assertRejects(() => RawClient.open(port));
    },
  );
});

describe("keepAliveServer() over HTTP/2", () => {
  const FORMS: Readonly<Record<string, (server: http2.Http2Server, executed: string[]) => void>> = {
    requests: (server, executed) =>
      server.on("request", (request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) => {
        executed.push(request.url);
        response.end("hello");
      }),
    streams: (server, executed) =>
      server.on("stream", (stream, headers) => {
        executed.push(String(headers[":path"]));
        stream.respond({ ":status": 200 });
        stream.end("hello");
      }),
  };

  for (const [form, handle] of Object.entries(FORMS)) {
    it(`says GOAWAY at maxRequests where the server listens for ${form}`, PATIENT, async () => {
      const executed: string[] = [];
      const events: KeepAliveEvent[] = [];
      const server = http2.createServer();
      keepAliveServer(server, { maxRequests: 2 }, { onEvent: (event) => events.push(event) });
      handle(server, executed);
      const client = await RawHttp2Client.open(await listen(server));
      clients.push(client);
      client.get("/1");
      await client.until(({ answered }) => answered.length === 1, "the first answer");
      client.get("/2");
      await client.until(({ closed }) => closed, "the end of the connection");
      assertEquals([executed, client.answered.length], [["/1", "/2"], 2]);
      assert(client.goaways.length > 0);
      assertEquals(
        events.map((event) => "reason" in event && [event.reason, event.requests]),
        [["max-requests", 2]],
      );
    });
  }
});

describe("keepAliveServer(), given wrong arguments", () => {
  const server = (): KeepAliveServer => createServer();

  it("names an unknown rule, option and shutdown option, and their values", async () => {
    const wrong = (rules: object, options = {}) =>
      assertThrows(() => keepAliveServer(server(), rules as KeepAliveRules, options), Error).message;
    assertMatch(wrong({ idleTimout: "5s" }), /idleTimout/);
    assertMatch(wrong({ idleTimeout: "1s" }), /idleTimeout.*1s/);
    assertMatch(wrong({}, { maxTracked: 5 }), /maxTracked/);
    assertMatch(wrong({}, { onEvent: 5 }), /onEvent.*5/);
    const alive = keepAliveServer(server(), behind("aws-alb"));
    const options = { timout: "5s" } as object;
    assertMatch((await assertRejects(() => alive.shutdown(options), Error)).message, /timout/);
  });

  it("says what to pass instead of a framework's application", () => {
    for (const other of [undefined, () => {}, { server: {} }, { stop() {}, pendingRequests: 0 }]) {
      const error = assertThrows(() => keepAliveServer(other as unknown as KeepAliveServer), TypeError);
      assertMatch(error.message, /Express: what listen\(\) returns; Fastify: app\.server; Nest/);
    }
  });

  it("refuses a server that has rules already", () => {
    const twice = server();
    keepAliveServer(twice);
    assertThrows(() => keepAliveServer(twice), TypeError, "already");
  });
});
