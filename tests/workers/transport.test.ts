/** The transport of Workers in workerd: inside a Durable Object, whose requests share sockets, and in a plain Worker. */

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { createServer as createTlsServer, TLSSocket } from "node:tls";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { pem } from "../conformance/harness/certs.ts";
import { isNode, startWorkerd, type Workerd } from "./workerd.ts";

/** The Worker runs what a test names, in a Worker of its own or in the object. */
const SOURCE = `
import { createPool } from "#root/mod.ts";
import { workersTransport } from "#root/src/workers/mod.ts";
import { DurableObject } from "cloudflare:workers";
const describe = (error) => [error.name, error.code, error.cause?.kind, error.message].join(" ");
const tasks = {
  async get(pool, { url }) { const response = await pool.request(url); return [await response.text(), response.connection.reused]; },
  async post(pool, { url }) { const response = await pool.request(url, { method: "POST", body: "x".repeat(10) }); return [await response.text(), response.connection.reused]; },
  async many(pool, { url }) {
    const all = await Promise.all(Array.from({ length: 20 }, () => pool.request(url).then((response) => response.text())));
    return [all.length, pool.stats().open];
  },
  async large(pool, { url }) { return (await (await pool.request(url)).bytes()).length; },
  async upload(pool, { url }) {
    const piece = new Uint8Array(65536);
    let sent = 0;
    const body = new ReadableStream({ pull(controller) { sent += 1; if (sent > 160) controller.close(); else controller.enqueue(piece); } });
    return (await pool.request(url, { method: "POST", body })).text();
  },
  async fail(pool, { url, options }) { return pool.request(url, options).then(() => "no error", describe); },
  async idle(pool, { url }) { await (await pool.request(url)).text(); for (let left = 2000; left > 0 && pool.stats().open > 0; left--) await new Promise((resolve) => setTimeout(resolve, 5)); return pool.stats(); },
  async stats(pool) { return pool.stats(); },
};
const make = (scope, options) => createPool({ ...options, transport: workersTransport({ scope }) });
export class Home extends DurableObject {
  pools = new Map();
  async fetch(request) {
    const task = await request.json();
    const key = JSON.stringify(task.pool ?? {});
    if (!this.pools.has(key)) this.pools.set(key, make("object", task.pool));
    return Response.json(await tasks[task.name](this.pools.get(key), task));
  }
}
export default { async fetch(request, env) {
  const task = await request.clone().json();
  if (task.in === "object") return env.HOME.get(env.HOME.idFromName("one")).fetch("http://home/", { method: "POST", body: JSON.stringify(task) });
  const pool = make("request", task.pool);
  const results = [];
  for (let left = task.times ?? 1; left > 0; left--) results.push(await tasks[task.name](pool, task));
  return Response.json(results);
} };
`;

/** Answers by path, and closes what is idle when told to. */
function answer(socket: Socket): void {
  let text = "";
  socket.on("error", () => {});
  socket.on("data", (bytes) => {
    text += bytes.toString("latin1");
    for (;;) {
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const head = text.slice(0, end);
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
      const chunked = /transfer-encoding/i.test(head);
      const rest = text.slice(end + 4);
      if (chunked ? !rest.endsWith("0\r\n\r\n") : rest.length < length) return;
      text = chunked ? "" : rest.slice(length);
      respond(socket, head.split(" ")[1] ?? "", rest.length);
    }
  });
}

function respond(socket: Socket, path: string, received: number): void {
  if (path === "/reset") return void socket.resetAndDestroy();
  const body = path === "/large" ? "x".repeat(3_000_000) : `${path} ${received}`;
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  if (path === "/close") socket.end();
}

const listen = async (server: Server): Promise<number> => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
};

interface Task {
  readonly name: string;
  readonly url?: string;
  readonly in?: "object";
  readonly times?: number;
  readonly pool?: object;
  readonly options?: object;
}

describe("the transport of Workers", { skip: !isNode && "started from Node", timeout: 120_000 }, () => {
  let workerd: Workerd;
  let accepted = 0;
  const plain = createServer((socket) => {
    accepted += 1;
    answer(socket);
  });
  const secure = createTlsServer({ cert: pem("server.pem"), key: pem("server.key") }, (socket) =>
    answer(socket),
  );
  /** A proxy for CONNECT, whose tunnel ends in TLS. */
  const proxy = createServer((socket) => {
    socket.once("data", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      const tls = new TLSSocket(socket, { isServer: true, cert: pem("server.pem"), key: pem("server.key") });
      answer(tls);
    });
  });
  let [http, https, connect] = ["", "", ""];
  before(async () => {
    workerd = await startWorkerd({ source: SOURCE, objects: { HOME: "Home" } });
    http = `http://127.0.0.1:${await listen(plain)}`;
    https = `https://localhost:${await listen(secure)}`;
    connect = `http://127.0.0.1:${await listen(proxy)}`;
  });
  after(async () => {
    for (const server of [plain, secure, proxy]) server.close();
    await workerd[Symbol.asyncDispose]();
  });
  const run = async (task: Task): Promise<unknown> => {
    const response = await fetch(workerd.url, { method: "POST", body: JSON.stringify(task) });
    const text = await response.text();
    assert(response.ok, text);
    return JSON.parse(text);
  };

  it("carries the requests of an object over one connection", async () => {
    accepted = 0;
    const task: Task = { in: "object", name: "get", url: `${http}/a`, pool: { maxQueue: 1 } };
    assertEquals(
      [await run(task), await run(task), await run({ ...task, name: "post" })],
      [
        ["/a 0", false],
        ["/a 0", true],
        ["/a 10", true],
      ],
    );
    assertEquals(accepted, 1);
  });

  it("has many connections at once, each with a buffer of its own", async () => {
    assertEquals(
      await run({ in: "object", name: "many", url: `${http}/b`, pool: { maxQueue: 2 } }),
      [20, 20],
    );
  });

  it("reads and sends large bodies", async () => {
    assertEquals(await run({ in: "object", name: "large", url: `${http}/large` }), 3_000_000);
    assertMatch(String(await run({ in: "object", name: "upload", url: `${http}/up` })), /^\/up 10\d{6}$/);
  });

  it("sees a FIN on an idle connection between requests", async () => {
    const task: Task = { in: "object", name: "get", url: `${http}/close`, pool: { maxQueue: 3 } };
    await run(task);
    await run({ ...task, name: "idle", url: `${http}/close` });
    const { open } = (await run({ ...task, name: "stats" })) as { open: number };
    assertEquals(open, 0);
  });

  it("tells a reset, and that a dial says nothing", async () => {
    assertMatch(
      String(await run({ in: "object", name: "fail", url: `${http}/reset` })),
      /ERR_CONNECTION_LOST reset/,
    );
    assertMatch(
      String(await run({ in: "object", name: "fail", url: "http://127.0.0.1:1/" })),
      /ERR_CONNECT other .*could not connect to 127\.0\.0\.1:1, and do not tell why.*fetch\(\) reaches/,
    );
  });

  it("speaks TLS, directly and in a tunnel", async () => {
    assertEquals(await run({ in: "object", name: "get", url: `${https}/tls` }), ["/tls 0", false]);
    assertEquals(
      await run({ in: "object", name: "get", url: "https://localhost:9/t", pool: { proxy: connect } }),
      ["/t 0", false],
    );
  });

  it("refuses what the platform cannot do", async () => {
    const refused = async (tls: object): Promise<string> =>
      String(await run({ in: "object", name: "fail", url: `${https}/`, pool: { tls } }));
    assertMatch(await refused({ rejectUnauthorized: false }), /unsupported .*tls\.verify|tls\.verify/);
    assertMatch(await refused({ ca: pem("ca.pem") }), /unsupported .*tls\.ca must be left out/);
  });

  it("keeps connections within one request of a Worker, and no longer", async () => {
    accepted = 0;
    const task: Task = { name: "get", url: `${http}/w`, times: 3 };
    const reused = [false, true, true].map((was) => ["/w 0", was]);
    assertEquals([await run(task), await run(task)], [reused, reused]);
    assertEquals(accepted, 2);
  });
});
