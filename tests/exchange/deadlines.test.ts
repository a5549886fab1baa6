/** Deadlines of an exchange: only progress of the awaited thing extends one. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { HoldfastError } from "../../mod.ts";
import type { RequestOptions } from "../../src/fetch/request.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { settled } from "../support/clock.ts";
import { type Service, service } from "../support/service.ts";

const URL = "http://a.test/";
const OK = "HTTP/1.1 200 OK\r\n";

interface Started {
  readonly world: Service;
  readonly peer: MemoryPeer;
  readonly error: () => HoldfastError | undefined;
}

/** Sends a request to a server that does nothing by itself. */
async function begun(options: RequestOptions, reads = true): Promise<Started> {
  const accept = (peer: MemoryPeer) => (reads ? undefined : peer.stopReading());
  const world = service({}, undefined, { respond: undefined, accept });
  let error: HoldfastError | undefined;
  world.pool
    .request(URL, options)
    .then((response) => response.text())
    .catch((thrown) => {
      error = thrown as HoldfastError;
    });
  await settled();
  const peer = world.transport.peers[0];
  if (peer === undefined) throw new Error("Nobody connected");
  return { world, peer, error: () => error };
}

/** Lets `ms` pass, with something done every 100 ms on the way. */
async function pass(world: Service, ms: number, meanwhile: (count: number) => void): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    meanwhile(passed / 100);
    await world.clock.advance(100);
  }
}

/** A body that produces one piece per call of `give`. */
function byHand(): { readonly body: ReadableStream<Uint8Array>; give(): void } {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const body = new ReadableStream<Uint8Array>({
    start(given) {
      controller = given;
    },
  });
  return { body, give: () => controller?.enqueue(new Uint8Array(1)) };
}

describe("a deadline is not extended", () => {
  it("for 100 Continue, by a trickle of head bytes", async () => {
    const headers = { expect: "100-continue" };
    const { world, peer } = await begun({ method: "POST", headers, body: "hello" });
    await pass(world, 900, (count) =>
      peer.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/"[count] ?? ""),
    );
    await world.clock.advance(99);
    assertEquals(peer.receivedText.endsWith("hello"), false);
    await world.clock.advance(1);
    assertEquals(peer.receivedText.endsWith("hello"), true);
  });

  it("for 100 Continue, by complete interim responses", async () => {
    const headers = { expect: "100-continue" };
    const { world, peer } = await begun({ method: "POST", headers, body: "hello" });
    await pass(world, 1000, () => peer.send("HTTP/1.1 103 Early Hints\r\n\r\n"));
    assertEquals(peer.receivedText.endsWith("hello"), true);
  });

  it("for the head, by a trickle of head bytes or by interim responses", async () => {
    const endless = `${OK}x-drip: ${"x".repeat(50)}`;
    for (const drip of [(count: number) => endless[count] ?? "x", () => "HTTP/1.1 102 Processing\r\n\r\n"]) {
      const { world, peer, error } = await begun({ headersTimeout: 1000 });
      await pass(world, 1000, (count) => peer.send(drip(count)));
      assertEquals(
        [error()?.code, error()?.elapsedMs, error()?.limitMs],
        ["ERR_HEADERS_TIMEOUT", 1000, 1000],
      );
    }
  });

  it("for the head, before the request was sent", async () => {
    const { body, give } = byHand();
    const { world, peer, error } = await begun({
      method: "POST",
      body,
      headersTimeout: 1000,
      bodyIdleTimeout: 500,
    });
    await pass(world, 2000, give);
    assertEquals(error(), undefined);
    assertEquals(peer.receivedText.includes("1\r\n"), true);
  });

  it("for a stuck upload, by a trickle of head bytes", async () => {
    const body = new Uint8Array(1 << 20);
    const { world, peer, error } = await begun({ method: "PUT", body, bodyIdleTimeout: 1000 }, false);
    await pass(world, 1000, (count) => peer.send(OK[count] ?? "x"));
    assertEquals([error()?.code, error()?.phase, error()?.elapsedMs], ["ERR_BODY_TIMEOUT", "send", 1000]);
  });

  it("for a stuck upload, by interim responses", async () => {
    const body = new Uint8Array(1 << 20);
    const { world, peer, error } = await begun({ method: "PUT", body, bodyIdleTimeout: 1000 }, false);
    await pass(world, 1000, () => peer.send("HTTP/1.1 102 Processing\r\n\r\n"));
    assertEquals([error()?.code, error()?.phase], ["ERR_BODY_TIMEOUT", "send"]);
  });

  it("for a response body, by a running upload", async () => {
    const { body, give } = byHand();
    const { world, peer, error } = await begun({ method: "POST", body, bodyIdleTimeout: 1000 });
    peer.send(`${OK}content-length: 10\r\n\r\nsome`);
    await settled();
    await pass(world, 1000, give);
    assertEquals([error()?.code, error()?.phase, error()?.elapsedMs], ["ERR_BODY_TIMEOUT", "body", 1000]);
  });

  it("for a response body, by framing bytes alone", async () => {
    const { world, peer, error } = await begun({ bodyIdleTimeout: 1000 });
    peer.send(`${OK}transfer-encoding: chunked\r\n\r\n4\r\nsome\r\n4;`);
    await settled();
    await pass(world, 1000, () => peer.send("e"));
    assertEquals([error()?.code, error()?.phase, error()?.elapsedMs], ["ERR_BODY_TIMEOUT", "body", 1000]);
  });
});

describe("a deadline is extended", () => {
  it("for an upload, by each piece that the server accepts", async () => {
    const { body, give } = byHand();
    const { world, error } = await begun({ method: "POST", body, bodyIdleTimeout: 150 });
    await pass(world, 3000, give);
    assertEquals(error(), undefined);
  });

  it("for a response body, by each byte of it", async () => {
    const { world, peer, error } = await begun({ bodyIdleTimeout: 150 });
    peer.send(`${OK}content-length: 1000\r\n\r\n`);
    await settled();
    await pass(world, 3000, () => peer.send("x"));
    assertEquals(error(), undefined);
  });
});
