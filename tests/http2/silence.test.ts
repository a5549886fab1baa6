/** HTTP/2 over a connection that dies without a word: its streams are doubted, and no request follows on it. */

import { createServer as createHttp2Server } from "node:http2";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, type PoolEvent } from "../../mod.ts";

/** A server behind a relay that can forget the connections through it: what comes on them goes nowhere. */
class Forgetful implements AsyncDisposable {
  readonly requests: string[] = [];
  readonly #forgotten: Set<number> = new Set();
  #connections = 0;
  readonly #origin = createHttp2Server();
  readonly #relay: Server;

  constructor() {
    this.#origin.on("stream", (stream, headers) => {
      this.requests.push(`${headers[":method"]} ${headers[":path"]}`);
      stream.on("error", () => {});
      setTimeout(
        () => {
          if (stream.destroyed) return;
          stream.respond({ ":status": 200 });
          stream.end("ok");
        },
        Number(headers["x-wait"] ?? 0),
      );
    });
    this.#relay = createServer((client) => {
      this.#connections += 1;
      const number = this.#connections;
      const server = connect((this.#origin.address() as AddressInfo).port, "127.0.0.1");
      const pass = (to: typeof client) => (bytes: Uint8Array) =>
        void (this.#forgotten.has(number) || to.write(bytes));
      client
        .on("data", pass(server))
        .on("error", () => {})
        .on("close", () => server.destroy());
      server
        .on("data", pass(client))
        .on("error", () => {})
        .on("close", () => client.destroy());
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((listening) => void this.#origin.listen(0, "127.0.0.1", listening));
    await new Promise<void>((listening) => void this.#relay.listen(0, "127.0.0.1", listening));
    return `http://127.0.0.1:${(this.#relay.address() as AddressInfo).port}/`;
  }

  forget(): void {
    for (let number = 1; number <= this.#connections; number++) this.#forgotten.add(number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#relay.close();
    this.#origin.close();
  }
}

const idle = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withPool(
  test: (at: {
    server: Forgetful;
    get: (path: string, init?: object) => Promise<string>;
    events: PoolEvent[];
  }) => Promise<void>,
): Promise<void> {
  await using server = new Forgetful();
  const url = await server.open();
  const events: PoolEvent[] = [];
  const pool = createPool({
    http2: "prior-knowledge",
    doubt: { after: "300ms" },
    onEvent: (event) => void events.push(event),
  });
  const get = async (path: string, init: object = {}): Promise<string> => {
    const response = await pool.request(url + path, init);
    return `${await response.text()} on ${response.connection.id}`;
  };
  await test({ server, get, events });
  await pool.close({ timeout: 0 });
}

const retired = (events: readonly PoolEvent[]) =>
  events.flatMap((event) =>
    event.type === "connection.retired" ? [`${event.connection} ${event.reason}`] : [],
  );

describe("HTTP/2 on a connection that died without a word", () => {
  it("requests that share it are all answered on fresh ones, and it is retired once", async () => {
    await withPool(async ({ server, get, events }) => {
      assertEquals(await get("1"), "ok on 1");
      await idle(200);
      server.forget();
      // How many share the second one depends on when real sockets connect.
      const answers = await Promise.all([get("2"), get("3"), get("4")]);
      for (const answer of answers) assert(/^ok on [2-4]$/.test(answer), answers.join());
      assertEquals(retired(events), ["1 no-answer"]);
      assertEquals(server.requests.toSorted(), ["GET /1", "GET /2", "GET /3", "GET /4"]);
      assert(answers.includes(await get("5")), "the next one uses a connection that has answered");
    });
  });

  it("a slow answer on a connection that has answered others since is not doubted", async () => {
    await withPool(async ({ server, get, events }) => {
      await get("1");
      await idle(200);
      const slow = get("slow", { headers: { "x-wait": "700" } });
      assertEquals(await get("2"), "ok on 1");
      assertEquals(await slow, "ok on 1");
      assert(!events.some(({ type }) => type === "request.doubted"));
      assertEquals(server.requests.length, 3);
    });
  });

  it("the stream that is not needed any more is cancelled, and its connection stays", async () => {
    await withPool(async ({ server, get, events }) => {
      await get("1");
      await idle(200);
      assertEquals(await get("slow", { headers: { "x-wait": "500" } }), "ok on 1");
      assertEquals(server.requests.length, 3);
      assertEquals(retired(events), []);
    });
  });
});
