/** `forwardUpgrades()`: upgrades pass a `node:http` server byte by byte, on Node and on the node layers of Deno and Bun. */

import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { createPool } from "../../../mod.ts";
import {
  type ForwardUpgradesOptions,
  forwardUpgrades,
  type UpgradeFailed,
  type UpgradeRoute,
} from "../../../src/hono/mod.ts";
import { MovableClock } from "../../support/clock.ts";
import { eventually, guarded } from "../../support/patience.ts";
import { rawServer } from "../../upgrade/raw-server.ts";
import { echoServer } from "./web-socket-echo.ts";

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

async function gateway(route: UpgradeRoute, options?: ForwardUpgradesOptions, pool = createPool()) {
  const server = createServer();
  const stop = forwardUpgrades(server, pool, route, { via: "holdfast", ...options });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    pool,
    stop,
    async [Symbol.asyncDispose]() {
      await pool.close({ timeout: 0 });
      server.closeAllConnections?.();
      // Upgraded sockets are nobody's but the two sides': it would wait for them.
      server.close();
    },
  };
}

/** A client of raw bytes. */
function client(port: number) {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const at = { socket, got: "", isEnded: false, isClosed: false };
  socket.on("data", (bytes) => {
    at.got += bytes.toString("latin1");
  });
  socket.on("end", () => {
    at.isEnded = true;
  });
  socket.on("close", () => {
    at.isClosed = true;
  });
  socket.on("error", () => {});
  return at;
}

const ask = (path: string, fields = ""): string =>
  `GET ${path} HTTP/1.1\r\nHost: front.test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n${fields}\r\n`;

/** Node 20 has none of its own. */
async function webSocketClass(): Promise<typeof WebSocket> {
  const { WebSocket: own } = globalThis as { WebSocket?: typeof WebSocket };
  return own ?? ((await import("undici7")).WebSocket as unknown as typeof WebSocket);
}

describe("forwardUpgrades", () => {
  it("passes bytes both ways, those that came early too, and each direction's end", async () => {
    let asked = "";
    await using upstream = await rawServer((head, socket) => {
      asked = head;
      socket.write(`${SWITCH}early `);
      let got = "";
      socket.on("data", (bytes) => {
        got += bytes.toString("latin1");
      });
      socket.on("end", () => socket.end(`you said ${got}`));
    });
    await using front = await gateway(({ url }) => `${upstream.url}${url}`, { via: "edge" });
    const at = client(front.port);
    at.socket.write(
      `${ask("/attach?a=1", "Connection: X-Hop\r\nX-Hop: 1\r\nX-Forwarded-For: 9.9.9.9\r\nProxy-Authorization: x\r\n")}first `,
    );
    await eventually(() => at.got.endsWith("early "), "the upgrade");
    at.socket.end("second");
    await eventually(() => at.isEnded, "the end of the output");
    assertEquals(at.got.split("\r\n\r\n")[1], "early you said first second");
    assertEquals(at.got.startsWith("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\n"), true);
    assertEquals(asked.split("\r\n").slice(0, 3), [
      "GET /attach?a=1 HTTP/1.1",
      `host: 127.0.0.1:${upstream.port}`,
      "connection: upgrade",
    ]);
    assertEquals(/^x-hop|9\.9\.9\.9|^proxy-/im.test(asked), false);
    for (const line of [
      "x-forwarded-for: 127.0.0.1",
      "x-forwarded-host: front.test",
      "via: 1.1 edge",
      "upgrade: tcp",
    ])
      assertEquals(asked.includes(`\r\n${line}\r\n`), true, line);
    at.socket.destroy();
  });

  it("passes on an answer that is no upgrade, and closes", async () => {
    await using upstream = await rawServer((_, socket) => {
      socket.write(
        "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n2\r\nno\r\n0\r\n\r\n",
      );
    });
    await using front = await gateway(() => upstream.url);
    const at = client(front.port);
    at.socket.write(ask("/"));
    await eventually(() => at.isEnded, "the end");
    assertEquals(
      at.got.replaceAll("\r\n", "|").toLowerCase(),
      "http/1.1 403 forbidden|connection: close|x-a: 1||no",
    );
    at.socket.destroy();
  });

  const FAILURES: Readonly<Record<string, [asks: string, route: UpgradeRoute, status: number]>> = {
    "a path with dot segments": [ask("/a/%2e%2e/b"), () => "http://127.0.0.1:1", 400],
    h2c: [ask("/").replace("Upgrade: tcp", "Upgrade: h2c"), () => "http://127.0.0.1:1", 400],
    "a route to nowhere": [ask("/"), () => undefined, 404],
    "an upstream that is down": [ask("/"), () => "http://127.0.0.1:1", 502],
    "a loop": [ask("/", "Via: 1.1 holdfast\r\n"), () => "http://127.0.0.1:1", 508],
    "a body": [ask("/", "Transfer-Encoding: chunked\r\n"), () => "http://127.0.0.1:1", 400],
    "a route that throws": [
      ask("/"),
      () => {
        throw new Error("internals");
      },
      500,
    ],
  };
  for (const [what, [asks, route, status]] of Object.entries(FAILURES)) {
    it(`answers ${what} with ${status}, and closes`, async () => {
      const told: number[] = [];
      await using front = await gateway(route, { onEvent: (event) => void told.push(event.status) });
      const at = client(front.port);
      at.socket.write(asks);
      await eventually(() => at.isEnded, "the end");
      assertEquals(at.got.slice(0, 12), `HTTP/1.1 ${status}`);
      assertEquals([at.got.includes("internals"), told], [false, status === 404 ? [] : [status]]);
      at.socket.destroy();
    });
  }

  it("answers 503 with Retry-After when the pool has no room, and 504 when the upstream is silent", async () => {
    await using upstream = await rawServer(() => {});
    const clock = new MovableClock();
    const pool = createPool({ maxConnections: 1, maxQueue: 0, headersTimeout: "150ms", clock });
    const told: number[] = [];
    const options = { onEvent: ({ status }: UpgradeFailed) => void told.push(status) };
    await using front = await gateway(() => upstream.url, options, pool);
    const [first, second] = [client(front.port), client(front.port)];
    first.socket.write(ask("/"));
    await eventually(() => upstream.sockets.length === 1, "the first is under way");
    second.socket.write(ask("/"));
    await eventually(() => second.isEnded, "the second's answer");
    assertEquals(second.got.startsWith("HTTP/1.1 503 Service Unavailable\r\n"), true, second.got);
    assertEquals(second.got.includes("\r\nretry-after: 1\r\n"), true);
    await clock.advance(150);
    await eventually(() => first.isEnded, "the first's answer");
    assertEquals([first.got.slice(0, 12), told], ["HTTP/1.1 504", [503, 504]]);
    for (const { socket } of [first, second]) socket.destroy();
  });

  it("tells of hops as forward() does", async () => {
    let asked = "";
    await using upstream = await rawServer((head, socket) => {
      asked = head;
      socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
    });
    const sent =
      "X-Forwarded-For: 9.9.9.9, 10.0.0.1\r\nForwarded: for=9.9.9.9\r\nX_User: 1\r\nCookie: a=1\r\nCookie: b=2\r\n";
    const edit = (headers: Headers): void => headers.set("x-user", "7");
    const ROWS: [ForwardUpgradesOptions, string[]][] = [
      [{ trust: 1 }, ["x-forwarded-for: 10.0.0.1, 127.0.0.1"]],
      [{ trust: ["127.0.0.1", "10.0.0.0/8"] }, ["x-forwarded-for: 9.9.9.9, 10.0.0.1, 127.0.0.1"]],
      [
        { trust: (address, { url }) => address === "127.0.0.1" && url === "/" },
        ["x-forwarded-for: 10.0.0.1, 127.0.0.1"],
      ],
      [{ forwarded: "forwarded" }, ['forwarded: for=127.0.0.1;host="front.test";proto=http']],
      [{ forwarded: false }, []],
    ];
    for (const [options, expected] of ROWS) {
      await using front = await gateway(() => upstream.url, { edit, ...options });
      const at = client(front.port);
      at.socket.write(ask("/", sent));
      await eventually(() => at.isEnded, "the answer");
      const lines = asked.split("\r\n");
      assertEquals(
        lines.filter((line) => /^(x-forwarded-for|forwarded):/.test(line)),
        expected,
      );
      assertEquals(
        lines.filter((line) => /user|cookie/.test(line)),
        ["cookie: a=1; b=2", "x-user: 7"],
      );
      at.socket.destroy();
    }
  });

  it("answers 502 if the upstream switches to a protocol that was not asked for", async () => {
    await using upstream = await rawServer((_, socket) => void socket.write(SWITCH.replace("tcp", "other")));
    await using front = await gateway(() => upstream.url);
    const at = client(front.port);
    at.socket.write(ask("/"));
    await eventually(() => at.isEnded, "the end");
    assertEquals(at.got.slice(0, 12), "HTTP/1.1 502");
    at.socket.destroy();
  });

  it("drops the upstream when the client leaves, and the client when the upstream does", async () => {
    await using upstream = await rawServer((_, socket) => {
      socket.write(SWITCH);
      socket.on("end", () => socket.end());
      socket.resume();
    });
    await using front = await gateway(() => upstream.url);
    const first = client(front.port);
    first.socket.write(ask("/"));
    await eventually(() => first.got.endsWith("\r\n\r\n"), "the upgrade");
    first.socket.destroy();
    await eventually(
      () => upstream.sockets[0]?.destroyed === true || upstream.sockets[0]?.readableEnded === true,
      "it is gone",
    );
    const second = client(front.port);
    second.socket.write(ask("/"));
    await eventually(() => second.got.endsWith("\r\n\r\n"), "the upgrade");
    upstream.sockets[1]?.destroy();
    await eventually(() => second.isEnded || second.isClosed, "the client is told");
    second.socket.destroy();
  });

  it("bounds what it holds for a client that does not read", async () => {
    let sent = 0;
    await using upstream = await rawServer((_, socket) => {
      socket.write(SWITCH);
      const piece = Buffer.alloc(262_144);
      const fill = (): void => {
        while (sent < 256) {
          sent += 1;
          if (!socket.write(piece)) return;
        }
      };
      socket.on("drain", fill);
      fill();
    });
    await using front = await gateway(() => upstream.url);
    const at = client(front.port);
    at.socket.write(ask("/"));
    at.socket.once("data", () => at.socket.pause());
    let before = -1;
    // Nothing has moved between two looks: everybody waits for the client.
    await eventually(() => {
      const stands = sent === before && sent > 0;
      before = sent;
      return stands;
    }, "the upstream is held back");
    assertEquals(sent < 128, true, `${sent} pieces of 256 KiB`);
    at.socket.destroy();
  });

  it("passes 10,000 messages of a WebSocket, the subprotocol, and close codes both ways", async () => {
    const WebSocketOf = await webSocketClass();
    await using upstream = await echoServer();
    await using front = await gateway(({ url }) => `http://127.0.0.1:${upstream.port}${url}`);
    const url = `ws://127.0.0.1:${front.port}/live`;
    const opened = async (): Promise<WebSocket> => {
      const socket = new WebSocketOf(url, ["chat", "other"]);
      await guarded(new Promise((resolve) => socket.addEventListener("open", resolve)), "open");
      return socket;
    };
    const socket = await opened();
    assertEquals(socket.protocol, "chat");
    let echoed = 0;
    let isInOrder = true;
    const all = new Promise<void>((resolve) => {
      socket.addEventListener("message", ({ data }) => {
        isInOrder &&= data === `message ${echoed}`;
        echoed += 1;
        if (echoed === 10_000) resolve();
      });
    });
    for (let sent = 0; sent < 10_000; sent++) socket.send(`message ${sent}`);
    await guarded(all, "all echoes");
    assertEquals(isInOrder, true);
    const byClient = new Promise<CloseEvent>((resolve) => socket.addEventListener("close", resolve));
    socket.close(4321, "by the client");
    assertEquals((await guarded(byClient, "close")).code, 4321);
    await eventually(() => upstream.closed.length === 1, "the upstream is told");
    assertEquals(upstream.closed, [4321]);
    const second = await opened();
    const byServer = new Promise<CloseEvent>((resolve) => second.addEventListener("close", resolve));
    second.send("close 4001");
    const { code, reason } = await guarded(byServer, "close");
    assertEquals([code, reason], [4001, "by the server"]);
  });

  it("refuses a server that shows no sockets, and unknown options", () => {
    const pool = { upgrade: () => Promise.reject(new Error("never")) };
    assertThrows(() => forwardUpgrades({} as never, pool, () => undefined), TypeError, "node:http");
    const options = { trusted: true } as never;
    assertThrows(() => forwardUpgrades(createServer(), pool, () => undefined, options), TypeError, "trusted");
  });
});
