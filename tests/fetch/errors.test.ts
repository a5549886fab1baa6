/** Errors of `fetch` are those that programs know from the platform: their message, their causes, their stack. */

import { createServer } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { causeOf, failure, scripted } from "./support.ts";

const url = "http://a.test/";

/** The codes on the chain of causes, outermost first. */
function codes(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [];
  return ["code" in error ? error.code : undefined, ...codes(error.cause)];
}

/** A port on which nothing listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("an error of fetch", () => {
  it("is a TypeError whose message is that of Node's, and whose causes end in the system's code", async () => {
    await using pool = createPool();
    const error = await failure(pool.fetch(`http://127.0.0.1:${await closedPort()}/`));
    assertInstanceOf(error, TypeError);
    assertEquals(error.message, "fetch failed");
    assertInstanceOf(error.cause, HoldfastError);
    assertEquals([error.cause.code, codes(error).at(-1)], ["ERR_CONNECT", "ECONNREFUSED"]);
  });

  it("has the system's code at its end, too, if several addresses were tried", async () => {
    await using pool = createPool({ resolve: () => ["127.0.0.1", "127.0.0.2"] });
    const error = await failure(pool.fetch(`http://a.test:${await closedPort()}/`));
    assertEquals(codes(error).at(-1), "ECONNREFUSED");
  });

  it("of a body is the same", async () => {
    await using at = scripted((peer) =>
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
        peer.end();
      }),
    );
    const response = await at.pool.fetch(url);
    assertEquals((await causeOf(response.text())).code, "ERR_CONNECTION_LOST");
  });

  it("of a body that cannot be decoded is the same", async () => {
    await using at = scripted((peer) =>
      peer.onData(() =>
        peer.send("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello"),
      ),
    );
    const response = await at.pool.fetch(url);
    assertEquals((await causeOf(response.text())).code, "ERR_DECODE");
  });

  it("of a time-out says so: libraries look for the words", async () => {
    // The pool's timers do not keep the process alive.
    const alive = setInterval(() => {}, 1000);
    using _ = { [Symbol.dispose]: () => clearInterval(alive) };
    const silent = { headersTimeout: 1, requestTimeout: Infinity };
    const limits = [silent, { requestTimeout: 1 }];
    for (const options of limits) {
      await using at = scripted(() => {}, options);
      assertMatch((await causeOf(at.pool.fetch(url))).message, /timed out/);
    }
    await using never = scripted(() => {}, { connectTimeout: 1 }, { connect: () => "never" });
    assertMatch((await causeOf(never.pool.fetch(url))).message, /timed out/);
    await using full = scripted(() => {}, { maxConnectionsPerOrigin: 1, acquireTimeout: 1 });
    const first = failure(full.pool.fetch(url));
    assertMatch((await causeOf(full.pool.fetch(url))).message, /timed out/);
    await full.pool.close({ timeout: 0 });
    await first;
  });

  it("shows in its stack who waits for it", { skip: "Bun" in globalThis }, async () => {
    await using at = scripted((peer) => peer.onData(() => peer.reset()));
    async function theCaller(): Promise<string> {
      const response = await at.pool.fetch(url);
      return response.text();
    }
    const error = await failure(theCaller());
    assert(error instanceof Error && error.stack?.includes("theCaller"), String((error as Error).stack));
  });
});
