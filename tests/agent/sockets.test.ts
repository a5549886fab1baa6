/** What an agent does on real sockets: TLS by request, Unix sockets, the program's own sockets, upgrades and tunnels. */

import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http, { type IncomingMessage, type Server } from "node:http";
import https from "node:https";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { after, before, describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type AgentOptions, agent, type HoldfastAgent } from "../../src/agent/mod.ts";
import { eventually, guarded, PATIENT } from "../support/patience.ts";
import { type Answer, type Asked, answerTo, ask, failureOf } from "./asking.ts";

const pem = (name: string) => readFileSync(new URL(`../certs/${name}`, import.meta.url), "utf8");
const isDeno = "Deno" in globalThis;

const handler = (request: IncomingMessage, response: http.ServerResponse): void => {
  let length = 0;
  request.on("data", (piece: Uint8Array) => {
    length += piece.length;
  });
  request.on("end", () => response.end(`${request.method} ${request.url} ${length}`));
};

/** A tunnel or a protocol that answers with what it is sent. */
const echo = (_: IncomingMessage, socket: Duplex, head: string): void => {
  socket.write(head);
  socket.on("data", (piece: Uint8Array) => socket.write(piece));
  socket.on("end", () => socket.end());
  socket.on("error", () => {});
};

function listening(server: Server | net.Server, where: number | string): Promise<void> {
  return new Promise((resolve) => server.listen(where as number, () => resolve()));
}

const agents: HoldfastAgent[] = [];
function made(options?: AgentOptions): HoldfastAgent {
  const front = agent(options);
  agents.push(front);
  return front;
}

let plain: Server;
let secure: Server;
let unix: Server;
let folder: string;
let port: number;
let tlsUrl: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-"));
  plain = http.createServer(handler);
  plain.on("upgrade", (request, socket) =>
    echo(
      request,
      socket,
      "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhello",
    ),
  );
  plain.on("connect", (request, socket) => echo(request, socket, "HTTP/1.1 200 OK\r\n\r\n"));
  secure = https.createServer({ cert: pem("server.pem"), key: pem("server.key") }, handler);
  unix = http.createServer(handler);
  await Promise.all([listening(plain, 0), listening(secure, 0), listening(unix, join(folder, "s.sock"))]);
  port = (plain.address() as AddressInfo).port;
  tlsUrl = `https://localhost:${(secure.address() as AddressInfo).port}/`;
});

after(async () => {
  for (const front of agents) await front.pool.close({ timeout: 0 });
  for (const server of [plain, secure, unix]) {
    server.close();
    server.closeAllConnections?.();
  }
  await rm(folder, { recursive: true, force: true });
});

const get = (front: HoldfastAgent, path: string, options: Asked = {}): Promise<Answer> =>
  ask(`http://127.0.0.1:${port}${path}`, { ...options, agent: front });

describe("agent: sockets", () => {
  it("carries GET and POST of any size, one after the other", PATIENT, async () => {
    const front = made();
    const body = "x".repeat(1_000_000);
    assertEquals((await get(front, "/a")).text, "GET /a 0");
    assertEquals((await get(front, "/b", { method: "POST", body })).text, "POST /b 1000000");
    const { request } = await get(front, "/c", { method: "POST", body: "é" });
    assertEquals(request.reusedSocket, true);
    assertEquals(request.socket?.remotePort, port);
    assertEquals([request.socket?.remoteFamily, request.socket instanceof net.Socket], ["IPv4", true]);
    assert((request.socket?.bytesWritten ?? 0) > 1_000_000);
    assertEquals(front.pool.stats().opened, 1);
  });

  it("opens no second connection for requests in turn", PATIENT, async () => {
    const front = made();
    for (let turn = 0; turn < 6; turn++) await get(front, "/");
    assertEquals(front.pool.stats().opened, 1);
  });

  it("emits timeout on a silent socket, and leaves the rest to the caller", PATIENT, async () => {
    const silent = net.createServer((socket) => socket.on("error", () => {}));
    await listening(silent, 0);
    const { port: own } = silent.address() as AddressInfo;
    const front = made();
    const request = http.request({ port: own, host: "127.0.0.1", agent: front, timeout: 30 });
    const failed = failureOf(new Promise((_, reject) => request.once("error", reject)));
    request.once("timeout", () => request.destroy());
    request.end();
    assertEquals((await guarded(failed, "the error")).code, "ECONNRESET");
    silent.close();
  });

  it("verifies TLS by the options of the agent", PATIENT, async () => {
    const front = made({ ca: pem("ca.pem") });
    const { text, request } = await ask(tlsUrl, { agent: front });
    assertEquals(text, "GET / 0");
    const { socket } = request as unknown as { socket: { encrypted: boolean; authorized: boolean } };
    assertEquals([socket.encrypted, socket.authorized], [true, true]);
    assertEquals(Object.keys(front.pool.stats().origins), [tlsUrl.slice(0, -1)]);
  });

  it(
    "verifies TLS by the options of each request, and shares no connection between them",
    PATIENT,
    async () => {
      const front = made();
      const refused = await failureOf(ask(tlsUrl, { agent: front }));
      assert(/CERT|UNABLE_TO|SELF_SIGNED|ERR_TLS/.test(refused.code ?? ""), refused.code);
      assertEquals((await ask(tlsUrl, { agent: front, ca: pem("ca.pem") })).text, "GET / 0");
      assertEquals((await ask(tlsUrl, { agent: front, ca: pem("ca.pem") })).request.reusedSocket, true);
      assert((await failureOf(ask(tlsUrl, { agent: front }))).code !== undefined);
    },
  );

  it("may be made of the options of its request, as Node's documentation does it", PATIENT, async () => {
    const { hostname, port: to } = new URL(tlsUrl);
    const options = { hostname, host: hostname, port: to, path: "/own", method: "PUT", ca: pem("ca.pem") };
    const { text } = await ask(tlsUrl, { ...options, agent: made(options as AgentOptions) });
    assertEquals(text, "PUT /own 0");
  });

  it("accepts any certificate where a request says so", {
    ...PATIENT,
    skip: isDeno && "Deno always verifies",
  }, async () => {
    const front = made();
    const { text } = await ask(tlsUrl, { agent: front, rejectUnauthorized: false });
    assertEquals(text, "GET / 0");
    assert((await failureOf(ask(tlsUrl, { agent: front }))).code !== undefined);
  });

  it("leaves to Node what only Node's sockets have", PATIENT, async () => {
    const front = made();
    const options = { localAddress: "127.0.0.2", agent: front };
    const { text, request } = await ask(`http://127.0.0.1:${port}/`, options);
    assertEquals([text, request.socket?.localAddress], ["GET / 0", "127.0.0.2"]);
    assertEquals((await ask(`http://127.0.0.1:${port}/`, options)).request.reusedSocket, true);
    assertEquals((await get(front, "/")).request.reusedSocket, false);
  });

  it(
    "forwards http: through a proxy, and opens a tunnel for https:, from the first request on",
    PATIENT,
    async () => {
      const asked: string[] = [];
      const proxy = http.createServer((request, response) => {
        asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`);
        response.end("forwarded");
      });
      proxy.on("connect", (request: IncomingMessage, socket: Duplex) => {
        asked.push(`${request.method} ${request.url} ${request.headers["proxy-authorization"]}`);
        const [host, to] = (request.url ?? "").split(":");
        const through = net.connect(Number(to), host, () => {
          socket.write("HTTP/1.1 200 OK\r\n\r\n");
          through.pipe(socket).pipe(through);
        });
        through.on("error", () => {});
        socket.on("error", () => {});
      });
      await listening(proxy, 0);
      const { port: own } = proxy.address() as AddressInfo;
      const front = made({ proxy: `http://u:p@127.0.0.1:${own}`, ca: pem("ca.pem") });
      assertEquals((await ask("http://nowhere.test/x", { agent: front })).text, "forwarded");
      assertEquals((await ask(tlsUrl, { agent: front })).text, "GET / 0");
      const { host } = new URL(tlsUrl);
      assertEquals(asked, ["GET http://nowhere.test/x Basic dTpw", `CONNECT ${host} Basic dTpw`]);
      await front.pool.close({ timeout: 0 });
      proxy.close();
    },
  );

  it("is refused as https.globalAgent, where a request does not tell its protocol", PATIENT, async () => {
    const front = made({ ca: pem("ca.pem") });
    const options = { host: "localhost", port, agent: front, _defaultAgent: front };
    const error = await failureOf(answerTo(http.request(options as Asked)));
    assert(error.message.includes("https.globalAgent"), error.message);
  });

  it("reaches a Unix socket", PATIENT, async () => {
    const front = made();
    const options = { agent: front, socketPath: join(folder, "s.sock") };
    assertEquals((await ask("http://localhost/x", options)).text, "GET /x 0");
    assertEquals((await ask("http://localhost/x", options)).request.reusedSocket, true);
  });

  for (const way of ["returned", "called back"] as const)
    it(`takes the sockets of createConnection, ${way}`, PATIENT, async () => {
      let opened = 0;
      const front = made({
        createConnection(_, callback) {
          opened += 1;
          const socket = net.connect(port, "127.0.0.1");
          if (way === "returned") return socket;
          socket.once("connect", () => callback(null, socket));
          return undefined;
        },
      });
      const url = "http://nowhere.test/";
      assertEquals((await ask(url, { agent: front })).text, "GET / 0");
      assertEquals((await ask(url, { agent: front, method: "POST", body: "abc" })).text, "POST / 3");
      assertEquals([opened, front.pool.stats().opened], [1, 1]);
    });

  it("fails a request with the error of createConnection", PATIENT, async () => {
    const front = made({
      createConnection() {
        throw Object.assign(new Error("no way"), { code: "ENOWAY" });
      },
    });
    assertEquals((await failureOf(ask("http://nowhere.test/", { agent: front }))).code, "ENOWAY");
  });

  const switching = [
    ["upgrade", { headers: { connection: "upgrade", upgrade: "echo" } }, "hello"],
    ["connect", { method: "CONNECT", path: "a.test:443" }, ""],
  ] as const;
  for (const [event, options, first] of switching)
    it(`hands the socket over after ${event}`, PATIENT, async () => {
      const front = made();
      const request = http.request({ port, host: "127.0.0.1", agent: front, ...options });
      const switched = new Promise<[Duplex, string]>((resolve, reject) => {
        request.once("error", reject);
        request.once(event, (_: IncomingMessage, socket: Duplex, head: Uint8Array) =>
          resolve([socket, Buffer.from(head).toString()]),
        );
      });
      request.end();
      const [socket, head] = await guarded(switched, event);
      let text = head;
      socket.on("data", (piece: Uint8Array) => {
        text += Buffer.from(piece).toString();
      });
      socket.write("ping");
      await eventually(() => text === `${first}ping`, "the echo");
      assertEquals([front.pool.stats().retired, front.pool.stats().open], [{ upgraded: 1 }, 0]);
      const ended = new Promise((resolve) => socket.once("close", resolve));
      socket.end();
      await guarded(ended, "the end of the socket");
    });
});
