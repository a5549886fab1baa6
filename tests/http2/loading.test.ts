/**
 * Loading: what becomes of connections and requests while the code of HTTP/2 comes late, as over a slow disk or network. A server
 * may end a connection meanwhile on which it has heard nothing.
 */

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, HoldfastError, type PoolEvent, type PoolOptions } from "../../mod.ts";
import { http2Code } from "../../src/create-pool.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";
import { data, END_STREAM, FrameText, goaway, head, settings } from "./frame-text.ts";
import "../support/on-demand.ts";

const url = "http://a.test/";

type Code = NonNullable<typeof http2Code.code>;

/** The code of HTTP/2, which is not there before `arrives()`. */
class LateCode implements Disposable {
  readonly #code: Code;
  #arrive: (code: Code) => void = () => {};

  constructor() {
    const { code } = http2Code;
    if (code === undefined) throw new Error("The code of HTTP/2 is not loaded");
    this.#code = code;
    const arriving = new Promise<Code>((resolve) => {
      this.#arrive = resolve;
    });
    Object.assign(http2Code, { code: undefined, load: () => arriving });
  }

  arrives(): void {
    http2Code.code = this.#code;
    this.#arrive(this.#code);
  }

  [Symbol.dispose](): void {
    Reflect.deleteProperty(http2Code, "load");
    http2Code.code = this.#code;
  }
}

/** What a server answers to the bytes of a client: to each request, `ok`. */
function answersTo(client: FrameText, bytes: Uint8Array): Uint8Array {
  const requests = client.read(bytes).filter((line) => line.startsWith("HEADERS"));
  const ids = requests.map((line) => Number(line.split(" ")[1]));
  return Uint8Array.from(ids.flatMap((id) => [...head(id), ...data(id, "ok", END_STREAM)]));
}

/** A server that ends its first connection as `end` does. */
class Scene {
  readonly clock = new MovableClock();
  readonly events: PoolEvent[] = [];
  readonly transport;
  readonly pool;

  constructor(onRequest: (peer: MemoryPeer, answer: Uint8Array) => void, options: PoolOptions = {}) {
    this.transport = memoryTransport({
      accept: (peer) => {
        const client = new FrameText();
        peer.send(Uint8Array.from(settings([3, 100])));
        peer.onData((bytes) => onRequest(peer, answersTo(client, bytes)));
      },
    });
    const onEvent = (event: PoolEvent) => void this.events.push(event);
    const { transport, clock } = this;
    this.pool = createPool({ http2: "prior-knowledge", ...options, transport, clock, onEvent });
  }

  get first(): MemoryPeer {
    const [peer] = this.transport.peers;
    if (peer === undefined) throw new Error("No connection is open");
    return peer;
  }

  told<T extends PoolEvent["type"]>(type: T): (PoolEvent & { type: T })[] {
    return this.events.filter((event): event is PoolEvent & { type: T } => event.type === type);
  }

  get retired(): readonly string[] {
    return this.told("connection.retired").map(({ reason }) => reason);
  }
}

const answers = (peer: MemoryPeer, answer: Uint8Array): void => peer.send(answer);

async function outcome(call: Promise<{ text(): Promise<string> }>): Promise<string> {
  try {
    return await (await call).text();
  } catch (error) {
    return error instanceof HoldfastError ? error.code : String(error);
  }
}

describe("a connection that the server ends while the code of HTTP/2 is loaded", () => {
  const ENDS: readonly (readonly [what: string, end: (peer: MemoryPeer) => void, reason: string])[] = [
    ["a FIN", (peer) => peer.end(), "peer-closed"],
    ["a RST", (peer) => peer.reset(), "peer-closed"],
    ["a GOAWAY", (peer) => peer.send(Uint8Array.from(goaway(0))), "goaway"],
    [
      "a GOAWAY that asks for calm",
      (peer) => peer.send(Uint8Array.from(goaway(0, "ENHANCE_YOUR_CALM"))),
      "calm",
    ],
  ];
  for (const [what, end, reason] of ENDS) {
    it(`by ${what} costs no request anything but another connection, whatever its method`, async () => {
      using code = new LateCode();
      const scene = new Scene(answers);
      const calls = ["GET", "POST"].map((method) => outcome(scene.pool.request(url, { method })));
      await settled();
      end(scene.first);
      await scene.clock.advance(1000);
      assertEquals(scene.transport.attempts, 1, "nothing is to be gained before the code is there");
      code.arrives();
      assertEquals(await Promise.all(calls), ["ok", "ok"]);
      const { retries, failures } = scene.pool.stats();
      assertEquals([scene.transport.attempts, scene.retired, retries, failures], [2, [reason], 0, 0]);
      assertEquals(scene.told("calm.requested").length, reason === "calm" ? 1 : 0);
      await scene.pool.close();
    });
  }

  it("is replaced for preconnect(), too", async () => {
    using code = new LateCode();
    const scene = new Scene(answers);
    const ready = scene.pool.preconnect(url);
    await settled();
    scene.first.end();
    await settled();
    code.arrives();
    await ready;
    assertEquals([scene.transport.attempts, scene.pool.stats().idle], [2, 1]);
    await scene.pool.close();
  });

  it("is not replaced for a request that has left meanwhile, nor by a pool that closes", async () => {
    using code = new LateCode();
    const scene = new Scene(answers);
    const controller = new AbortController();
    const left = outcome(scene.pool.request(url, { signal: controller.signal }));
    await settled();
    scene.first.end();
    controller.abort(new Error("left"));
    code.arrives();
    await settled();
    assertEquals([await left, scene.transport.attempts, scene.retired], ["Error: left", 1, ["peer-closed"]]);
    await scene.pool.close();
  });

  it("was none if what came on it is no HTTP/2", async () => {
    using code = new LateCode();
    const scene = new Scene(answers);
    const call = outcome(scene.pool.request(url));
    await settled();
    // An HTTP/2 server sends no HTTP/1.1.
    scene.first.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    await settled();
    code.arrives();
    assertEquals([await call, scene.retired], ["ERR_CONNECT", ["connect-failed"]]);
    await scene.pool.close();
  });

  it("is replaced on real sockets", async () => {
    using code = new LateCode();
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      if (sockets.length === 1) return void socket.end();
      const client = new FrameText();
      socket.write(Uint8Array.from(settings([3, 100])));
      socket.on("data", (bytes) => void socket.write(answersTo(client, bytes)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const pool = createPool({ http2: "prior-knowledge" });
    const call = outcome(pool.request(`http://127.0.0.1:${port}/`, { method: "POST", body: "x" }));
    while (sockets.length === 0) await new Promise((later) => setTimeout(later, 1));
    // Its FIN is read, or is there to be read.
    await new Promise((later) => setTimeout(later, 20));
    code.arrives();
    const got = [await call, sockets.length];
    await pool.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    assertEquals(got, ["ok", 2]);
  });
});

describe("a connection that has waited for the code of HTTP/2", () => {
  it("has been idle for so long: a request on it that gets no answer is sent again", async () => {
    using code = new LateCode();
    const scene = new Scene((peer, answer) => {
      if (peer.id > 1) peer.send(answer);
      else if (answer.length > 0) peer.end();
    });
    const call = outcome(scene.pool.request(url));
    await scene.clock.advance(700);
    code.arrives();
    assertEquals(await call, "ok");
    const [acquired] = scene.told("connection.acquired");
    assertEquals([acquired?.idleMs, scene.pool.stats().retries], [700, 1]);
    await scene.pool.close();
  });

  it("is found dead before a request is written, if it is, though its end was not read in time", async () => {
    using code = new LateCode();
    // It ends when it hears the preface, which is later than the code comes.
    const scene = new Scene((peer, answer) => (peer.id > 1 ? peer.send(answer) : peer.end()));
    const call = outcome(scene.pool.request(url, { method: "POST" }));
    await scene.clock.advance(700);
    code.arrives();
    assertEquals([await call, scene.pool.stats().retries, scene.retired], ["ok", 0, ["peer-closed"]]);
    await scene.pool.close();
  });

  it("is looked at before a request that cannot be sent twice, and is not used if it may be too old", async () => {
    for (const [waitsMs, attempts] of [
      [700, 1],
      [3000, 2],
    ] as const) {
      using code = new LateCode();
      const scene = new Scene(answers);
      const call = outcome(scene.pool.request(url, { method: "POST" }));
      await scene.clock.advance(waitsMs);
      code.arrives();
      assertEquals([await call, scene.transport.attempts], ["ok", attempts], `${waitsMs} ms`);
      await scene.pool.close();
    }
  });
});
