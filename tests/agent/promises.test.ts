/** What an agent promises: the rules of the pool hold for requests of `node:http`. The servers are in memory, and the clock stands still. */

import { AsyncLocalStorage } from "node:async_hooks";
import http, { type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { agent, type HoldfastAgent } from "../../src/agent/mod.ts";
import { HoldfastError } from "../../src/contract/errors.ts";
import type { PoolOptions } from "../../src/options/options.ts";
import { type MemoryOptions, memoryTransport } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";
import { eventually, PATIENT } from "../support/patience.ts";
import { type Answers, type Service, service } from "../support/service.ts";
import { type Answer, type Asked, answerTo, ask, begin, failureOf } from "./asking.ts";

const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

interface Fronted extends Service {
  readonly front: HoldfastAgent;
  /** Waits until a request has come on a connection, the first by default. */
  arrived(connection?: number): Promise<void>;
  ask(options?: Asked, url?: string): Promise<Answer>;
}

function fronted(options?: PoolOptions, respond?: Answers, memory?: MemoryOptions): Fronted {
  const made = service(options, respond, memory);
  const front = agent(made.pool);
  const { transport } = made;
  return {
    ...made,
    front,
    arrived: (connection = 1) =>
      eventually(() => (transport.peers[connection - 1]?.received.length ?? 0) > 0, "a request has come"),
    ask: (asked, url = "http://a.test/") => ask(url, { ...asked, agent: front }),
  };
}

/** A server that closes each connection when the second request comes, without a byte. */
function closing(): { readonly memory: MemoryOptions; readonly seen: string[] } {
  const seen: string[] = [];
  let connections = 0;
  const memory: MemoryOptions = {
    accept(peer) {
      connections += 1;
      const connection = connections;
      let requests = 0;
      peer.onData((bytes) => {
        requests += 1;
        seen.push(`${connection}: ${new TextDecoder().decode(bytes).split(" ", 1)[0]}`);
        if (requests === 2) peer.end();
        else peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    },
  };
  return { memory: { ...memory, respond: undefined }, seen };
}

describe("agent: reuse", () => {
  it("carries requests one after the other on one connection, by one socket", PATIENT, async () => {
    const { ask, pool, front } = fronted();
    const [first, second] = [await ask(), await ask()];
    assertEquals([first.text, second.text], ["ok", "ok"]);
    assertEquals([first.request.reusedSocket, second.request.reusedSocket], [false, true]);
    assert(first.request.socket === second.request.socket);
    assertEquals(pool.stats().opened, 1);
    assertEquals([Object.keys(front.freeSockets), Object.keys(front.sockets)], [["a.test:80:"], []]);
  });

  it("shares connections and what was learned with the other fronts of the pool", PATIENT, async () => {
    const { ask, pool, get } = fronted();
    assertEquals(await get(), 1);
    assertEquals((await ask()).request.reusedSocket, true);
    assertEquals([await get(), pool.stats().opened], [1, 1]);
  });

  it("ends an idle connection after idleTimeout", PATIENT, async () => {
    const { ask, clock, retired, front } = fronted({ idleTimeout: "60s" });
    const { request } = await ask();
    const { socket } = request;
    await clock.advance(60_000);
    assertEquals(retired(), ["idle-timeout"]);
    await eventually(() => socket?.destroyed === true, "the socket is destroyed");
    assertEquals(Object.keys(front.freeSockets), []);
    assertEquals((await ask()).request.reusedSocket, false);
  });

  const announced: readonly (readonly [what: string, headers: Record<string, string>, idleMs: number])[] = [
    ["timeout", { "Keep-Alive": "timeout=5" }, 4000],
    ["timeout behind max", { "Keep-Alive": "max=100, timeout=5" }, 4000],
    ["a timeout in capitals", { "Keep-Alive": 'Timeout = "5"' }, 4000],
  ];
  for (const [what, headers, idleMs] of announced)
    it(`obeys Keep-Alive: ${what}`, PATIENT, async () => {
      const { ask, clock, retired } = fronted({}, () => ({ headers, body: "ok" }));
      await ask();
      await clock.advance(idleMs - 1);
      assertEquals(retired(), []);
      await clock.advance(1);
      assertEquals(retired(), ["hint-timeout"]);
    });

  it("obeys Keep-Alive: max", PATIENT, async () => {
    const { ask, retired } = fronted({}, () => ({ headers: { "Keep-Alive": "max=2" }, body: "ok" }));
    await ask();
    assertEquals(retired(), []);
    await ask();
    assertEquals(retired(), ["hint-max"]);
  });

  it("says Connection: close on the last request of maxRequests", PATIENT, async () => {
    const said: (string | null)[] = [];
    const { ask, retired } = fronted({ maxRequests: 2 }, ({ headers }) => {
      said.push(headers.get("connection"));
      return { body: "ok" };
    });
    await ask();
    await ask();
    await ask();
    assertEquals(said, ["keep-alive", "close", "keep-alive"]);
    assertEquals(retired().length, 1);
  });

  const ends: readonly (readonly [what: string, head: string, reason: string])[] = [
    [
      "Connection: close",
      "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
      "peer-close",
    ],
    ["HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "not-persistent"],
  ];
  for (const [what, head, reason] of ends)
    it(`ends the connection after ${what}`, PATIENT, async () => {
      const accept: MemoryOptions["accept"] = (peer) => peer.onData(() => peer.send(head));
      const { ask, retired } = fronted({}, undefined, { accept, respond: undefined });
      assertEquals((await ask()).text, "ok");
      await eventually(() => retired().length > 0, "the connection is retired");
      assertEquals(retired(), [reason]);
    });

  it("takes a body that ends with the connection", PATIENT, async () => {
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
        peer.end();
      });
    const { ask, retired, events } = fronted({}, undefined, { accept, respond: undefined });
    assertEquals((await ask()).text, "all of it");
    assertEquals(retired(), ["not-persistent"]);
    assertEquals(events.filter(({ type }) => type === "request.finished").length, 1);
  });

  it("ends a connection on which bytes come unasked", PATIENT, async () => {
    const { ask, transport, retired } = fronted();
    const { request } = await ask();
    transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    await settled();
    assertEquals(retired(), ["unsolicited-data"]);
    assertEquals(request.socket?.destroyed, true);
    assertEquals((await ask()).text, "ok");
  });

  it("ends a connection on which more follows the response", PATIENT, async () => {
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
      });
    const { ask, retired } = fronted({}, undefined, { accept, respond: undefined });
    assertEquals((await ask()).text, "ok");
    await eventually(() => retired().length > 0, "the connection is retired");
    assert(["bad-framing", "unsolicited-data"].includes(retired()[0] ?? ""), String(retired()));
  });

  for (const surplus of ["SSH-2.0-garbage\r\n", "HTTP/1.1 200 OK\r\nContent-Le", RESPONSE])
    it(
      `ends a connection on which "${surplus.slice(0, 12)}" comes in one piece with a response`,
      PATIENT,
      async () => {
        const accept: MemoryOptions["accept"] = (peer) => peer.onData(() => peer.send(RESPONSE + surplus));
        const { ask, retired } = fronted({}, undefined, { accept, respond: undefined });
        assertEquals((await ask()).text, "ok");
        assertEquals(retired(), ["bad-framing"]);
      },
    );

  for (const queued of [false, true])
    it(
      `looks at a connection that was given back some time after it was read${queued ? ", with a request in the queue" : ""}`,
      PATIENT,
      async () => {
        const { front, clock, transport, retired, pool } = fronted({ maxConnectionsPerOrigin: 1 });
        const request = begin("http://a.test/", { agent: front });
        const closed = new Promise((resolve) => request.once("close", resolve));
        request.once("response", (response) => {
          response.resume().once("end", () => {
            // The program computes. What the server sends meanwhile lies in the kernel, until the loop has turned.
            clock.block(5);
            const turn = clock.turn.bind(clock);
            clock.turn = (callback) => {
              transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
              turn(callback);
            };
          });
        });
        request.end();
        const early = queued ? ask("http://a.test/", { agent: front }) : undefined;
        await closed;
        const late = early ?? ask("http://a.test/", { agent: front });
        assertEquals((await late).text, "ok");
        assertEquals([retired(), pool.stats().opened], [["unsolicited-data"], 2]);
      },
    );

  for (const method of ["GET", "POST"])
    it(
      `looks again at the connection of a ${method} that is written some time after it was granted`,
      PATIENT,
      async () => {
        const { ask, front, clock, transport, retired, pool } = fronted();
        await ask();
        const request = begin("http://a.test/", { agent: front, method, headers: { "content-length": 3 } });
        const answer = answerTo(request);
        request.once("socket", () => {
          clock.block(5);
          const turn = clock.turn.bind(clock);
          clock.turn = (callback) => {
            transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
            turn(callback);
          };
        });
        request.write("a");
        request.end("bc");
        const { text } = await answer;
        assertEquals([text, retired(), pool.stats().opened], ["ok", ["unsolicited-data"], 2]);
      },
    );

  for (const [what, first, rest] of [
    ["with the rest of its body", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", "k"],
    ["behind its head alone", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ok"],
    ["behind an interim response", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", RESPONSE],
  ] as const)
    it(
      `ends a connection on which garbage comes in one piece with a response, ${what}`,
      PATIENT,
      async () => {
        const accept: MemoryOptions["accept"] = (peer) =>
          peer.onData(() => {
            peer.send(first);
            peer.send(`${rest}SSH-2.0-garbage\r\n`);
          });
        const { ask, retired, pool } = fronted({}, undefined, { accept, respond: undefined });
        assertEquals((await ask()).text, "ok");
        await eventually(() => pool.stats().active === 0, "the end of the request");
        assertEquals(retired(), ["bad-framing"]);
      },
    );

  for (const [what, harm] of [
    ["is destroyed", (socket: Socket) => socket.destroy()],
    ["is destroyed with an error", (socket: Socket) => socket.destroy(new Error("by a tool"))],
    ["emits an error", (socket: Socket) => socket.emit("error", new Error("by a tool"))],
  ] as const)
    it(`ends the connection of an idle socket that ${what} by a tool`, PATIENT, async () => {
      const { ask, front, retired, pool } = fronted();
      await ask();
      harm(front.freeSockets["a.test:80:"]?.[0] as Socket);
      assertEquals((await ask()).text, "ok");
      assertEquals([retired(), pool.stats().opened], [["aborted"], 2]);
    });

  it("learns the idle limit of a server that announces none", PATIENT, async () => {
    const { ask, clock, transport, events } = fronted({ idleTimeout: "60s" });
    for (let times = 0; times < 6; times++) {
      await ask();
      await clock.advance(20_000);
      transport.peers.at(-1)?.end();
      await settled();
    }
    assert(
      events.some(({ type }) => type === "limit.learned"),
      "a limit was learned",
    );
  });
});

describe("agent: a connection that dies", () => {
  it("sends a GET once more on a fresh connection, and the caller notices nothing", PATIENT, async () => {
    const { memory, seen } = closing();
    const { ask, pool, retired, events } = fronted({}, undefined, memory);
    await ask();
    const { text, request } = await ask();
    assertEquals([text, request.destroyed], ["ok", true]);
    assertEquals(seen, ["1: GET", "1: GET", "2: GET"]);
    assertEquals([pool.stats().retries, retired()], [1, ["peer-closed"]]);
    assertEquals(
      events.filter(({ type }) => type === "request.failed"),
      [],
    );
    // The socket of the request stands for the fresh connection now.
    assertEquals((await ask()).text, "ok");
  });

  it("sends the body of a PUT once more", PATIENT, async () => {
    const bodies: string[] = [];
    let requests = 0;
    const accept: MemoryOptions["accept"] = (peer) => {
      let text = "";
      peer.onData((bytes) => {
        text += new TextDecoder().decode(bytes);
        if (!text.endsWith("end")) return;
        bodies.push(text.slice(text.indexOf("\r\n\r\n") + 4));
        text = "";
        requests += 1;
        if (requests === 2) peer.end();
        else peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    };
    const { ask } = fronted({}, undefined, { accept, respond: undefined });
    const body = `${"é".repeat(5000)}end`;
    const headers = { "content-length": String(Buffer.byteLength(body)) };
    await ask({ method: "PUT", body, headers });
    assertEquals((await ask({ method: "PUT", body: Buffer.from(body), headers })).text, "ok");
    assertEquals(bodies, [body, body, body]);
  });

  it("does not send a POST twice, unless it has an Idempotency-Key", PATIENT, async () => {
    for (const [headers, expected] of [
      [{}, "ECONNRESET"],
      [{ "Idempotency-Key": "1" }, "ok"],
    ] as const) {
      const { memory, seen } = closing();
      const { ask } = fronted({}, undefined, memory);
      const post = { method: "POST", body: "x", headers: { ...headers, "content-length": "1" } };
      await ask(post);
      const second = ask(post);
      const came = expected === "ok" ? (await second).text : (await failureOf(second)).code;
      assertEquals(came, expected);
      assertEquals(seen.length, expected === "ok" ? 3 : 2);
    }
  });

  it("sends nothing again that is longer than 64 KiB", PATIENT, async () => {
    let requests = 0;
    const accept: MemoryOptions["accept"] = (peer) => {
      let length = 0;
      peer.onData((bytes) => {
        length += bytes.length;
        if (length < 70_000) return;
        length = 0;
        requests += 1;
        if (requests === 2) peer.end();
        else peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      });
    };
    const { ask } = fronted({}, undefined, { accept, respond: undefined });
    const put = { method: "PUT", body: "x".repeat(70_000), headers: { "content-length": "70000" } };
    await ask(put);
    assertEquals((await failureOf(ask(put))).code, "ECONNRESET");
    assertEquals(requests, 2);
  });

  it("sends nothing again with retry: false", PATIENT, async () => {
    const { memory, seen } = closing();
    const { ask } = fronted({ retry: false }, undefined, memory);
    await ask();
    assertEquals((await failureOf(ask())).code, "ECONNRESET");
    assertEquals(seen.length, 2);
  });

  it("takes another connection for any request of which nothing was written", PATIENT, async () => {
    const { ask, transport, clock, pool } = fronted({ unsafeReuse: "1h" });
    await ask();
    clock.block(100); // the end of the peer lies in the kernel
    transport.peers[0]?.end();
    const post = { method: "POST", body: "x", headers: { "content-length": "1" } };
    assertEquals((await ask(post)).text, "ok");
    assertEquals(pool.stats().opened, 2);
  });

  it("gives a POST no connection that may be stale", PATIENT, async () => {
    const { ask, clock } = fronted({ unsafeReuse: "2s" });
    const post = { method: "POST", body: "x", headers: { "content-length": "1" } };
    await ask(post);
    await clock.advance(1999);
    assertEquals((await ask(post)).request.reusedSocket, true);
    await clock.advance(2001);
    assertEquals((await ask(post)).request.reusedSocket, false);
  });

  it("fails a response that is cut off, and does not ask again", PATIENT, async () => {
    let asked = 0;
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => {
        asked += 1;
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
        peer.end();
      });
    const { ask, retired, events } = fronted({}, undefined, { accept, respond: undefined });
    assertEquals((await failureOf(ask())).code, "ECONNRESET");
    assertEquals([asked, retired()], [1, ["peer-closed"]]);
    assertEquals(events.filter(({ type }) => type === "request.failed").length, 1);
  });

  it(
    "gives a caller the response that is complete, though its connection is reset before it is read",
    PATIENT,
    async () => {
      const accept: MemoryOptions["accept"] = (peer) =>
        peer.onData(() => {
          peer.send(RESPONSE);
          queueMicrotask(() => peer.reset());
        });
      const { ask, retired } = fronted({}, undefined, { accept, respond: undefined });
      assertEquals((await ask()).text, "ok");
      assertEquals(retired(), ["peer-closed"]);
    },
  );

  it("fails a response that is not HTTP, and ends its connection as bad-framing", PATIENT, async () => {
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => peer.send("SSH-2.0-OpenSSH_9.9\r\n\r\n"));
    const { ask, retired } = fronted({}, undefined, { accept, respond: undefined });
    const { code = "" } = await failureOf(ask());
    assert(/^HPE_/.test(code), code);
    assertEquals(retired(), ["bad-framing"]);
  });
});

describe("agent: limits and deadlines", () => {
  /** A server that answers when told to. */
  function waiting(options: PoolOptions) {
    return fronted(options, undefined, { respond: undefined });
  }

  it("queues above maxConnectionsPerOrigin, in order, and shows who waits", PATIENT, async () => {
    const { ask, front, transport, arrived } = waiting({ maxConnectionsPerOrigin: 1 });
    const order: number[] = [];
    const all = [1, 2, 3].map((number) => ask().then(() => order.push(number)));
    await arrived();
    assertEquals(front.requests["a.test:80:"]?.length, 2);
    assertEquals(front.sockets["a.test:80:"]?.length, 1);
    assertEquals(front.maxSockets, 1);
    for (let done = 1; done <= 3; done++) {
      transport.peers[0]?.send(RESPONSE);
      await eventually(() => order.length === done, `${done} are answered`);
      await settled();
    }
    await Promise.all(all);
    assertEquals([order, transport.peers.length, Object.keys(front.requests)], [[1, 2, 3], 1, []]);
  });

  it("fails a request that waits longer than acquireTimeout, with the pool's error", PATIENT, async () => {
    const { ask, clock, transport, arrived } = waiting({ maxConnectionsPerOrigin: 1, acquireTimeout: "2s" });
    const first = ask();
    await arrived();
    const second = failureOf(ask());
    await settled();
    await clock.advance(2000);
    const error = await second;
    assert(error instanceof HoldfastError);
    assertEquals([error.code, error.pool?.active], ["ERR_ACQUIRE_TIMEOUT", 1]);
    transport.peers[0]?.send(RESPONSE);
    assertEquals((await first).text, "ok");
  });

  it("fails a request beyond maxQueue at once", PATIENT, async () => {
    const { ask, transport, arrived } = waiting({ maxConnectionsPerOrigin: 1, maxQueue: 0 });
    const first = ask();
    assertEquals((await failureOf(ask())).code, "ERR_QUEUE_FULL");
    await arrived();
    transport.peers[0]?.send(RESPONSE);
    await first;
  });

  it("ends a request that is destroyed while it waits, at once", PATIENT, async () => {
    const { ask, front, transport, pool, arrived } = waiting({ maxConnectionsPerOrigin: 1 });
    const first = ask();
    await arrived();
    const second = begin("http://a.test/", { agent: front });
    const failed = failureOf(answerTo(second));
    second.end();
    await settled();
    assertEquals(pool.stats().queued, 1);
    second.destroy();
    assertEquals((await failed).code, "ECONNRESET");
    assertEquals([pool.stats().queued, Object.keys(front.requests)], [0, []]);
    transport.peers[0]?.send(RESPONSE);
    assertEquals((await first).text, "ok");
  });

  it("ends a request whose signal is aborted, and its connection with it", PATIENT, async () => {
    const { ask, retired, arrived } = waiting({});
    const controller = new AbortController();
    const failed = failureOf(ask({ signal: controller.signal }));
    await arrived();
    controller.abort();
    assertEquals((await failed).name, "AbortError");
    assertEquals(retired(), ["aborted"]);
  });

  it("fails a request by headersTimeout, and by bodyIdleTimeout", PATIENT, async () => {
    const { ask, clock, transport, arrived } = waiting({
      headersTimeout: "3s",
      bodyIdleTimeout: "1s",
      doubt: false,
    });
    const silent = failureOf(ask());
    await arrived();
    await clock.advance(3000);
    const first = await silent;
    assertEquals(first.code, "ERR_HEADERS_TIMEOUT");
    const stuck = failureOf(ask());
    await arrived(2);
    transport.peers[1]?.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    await settled();
    await clock.advance(1000);
    const second = await stuck;
    assertEquals(second.code ?? "", second.message === "aborted" ? "ECONNRESET" : "ERR_BODY_TIMEOUT");
  });

  it(
    "emits timeout on a request that waits longer than its own timeout, and does not end it",
    PATIENT,
    async () => {
      const { ask, front, clock, transport, arrived } = waiting({ maxConnectionsPerOrigin: 1 });
      const first = ask();
      await arrived();
      const second = begin("http://a.test/", { agent: front, timeout: 500 });
      let timeouts = 0;
      second.on("timeout", () => {
        timeouts += 1;
      });
      const answer = answerTo(second);
      second.end();
      await settled();
      await clock.advance(500);
      assertEquals(timeouts, 1);
      transport.peers[0]?.send(RESPONSE);
      await first;
      await settled();
      transport.peers[0]?.send(RESPONSE);
      assertEquals((await answer).text, "ok");
    },
  );

  it("emits the agent's own timeout on a request that waits so long", PATIENT, async () => {
    const clock = new MovableClock();
    const transport = memoryTransport({ connect: () => "never" });
    const request = begin("http://a.test/", { agent: agent({ timeout: 500, clock, transport }) });
    let timeouts = 0;
    request.on("timeout", () => {
      timeouts += 1;
    });
    const failed = failureOf(answerTo(request));
    request.end();
    await settled();
    await clock.advance(499);
    assertEquals(timeouts, 0);
    await clock.advance(1);
    assertEquals(timeouts, 1);
    request.destroy();
    assertEquals((await failed).code, "ECONNRESET");
  });

  it("fails what the pool's close() cuts off, and everything after it", PATIENT, async () => {
    const { ask, pool, arrived } = waiting({});
    const running = failureOf(ask());
    await arrived();
    await pool.close({ timeout: 0 });
    assertEquals((await running).code, "ERR_POOL_CLOSED");
    assertEquals((await failureOf(ask())).code, "ERR_POOL_CLOSED");
  });

  it(
    "keeps Node's code for a connection that is refused, with the pool's error as its cause",
    PATIENT,
    async () => {
      const { ask, events } = fronted({}, undefined, { connect: () => "refused" });
      const error = await failureOf(ask());
      assertEquals(error.code, "ECONNREFUSED");
      assert(error.cause instanceof HoldfastError);
      assertEquals(error.cause.code, "ERR_CONNECT");
      assertEquals(events.at(-1)?.type, "request.failed");
    },
  );

  it("emits the error of a host that no URL can have", PATIENT, async () => {
    const { front } = fronted();
    const request = http.request({ host: "no host", agent: front });
    const failed = failureOf(answerTo(request));
    request.end();
    assert((await failed) instanceof TypeError);
  });
});

describe("agent: what callers see", () => {
  it("runs the callbacks of a request that waited in its own async context", PATIENT, async () => {
    const { front, transport, arrived } = fronted({ maxConnectionsPerOrigin: 1 }, undefined, {
      respond: undefined,
    });
    const storage = new AsyncLocalStorage<string>();
    const seen: (string | undefined)[] = [];
    const answers = ["a", "b"].map((name) =>
      storage.run(name, () => {
        const request = begin("http://a.test/", { agent: front });
        request.once("socket", () => seen.push(storage.getStore()));
        request.end();
        return answerTo(request);
      }),
    );
    for (const answer of answers) {
      await arrived();
      transport.peers[0]?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      await answer;
      await settled();
    }
    assertEquals(seen, ["a", "b"]);
  });

  it("passes interim responses on", PATIENT, async () => {
    const accept: MemoryOptions["accept"] = (peer) => {
      peer.onData((bytes) => {
        const text = new TextDecoder().decode(bytes);
        peer.send(
          text.includes("expect")
            ? "HTTP/1.1 100 Continue\r\n\r\n"
            : "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        );
      });
    };
    const { front } = fronted({}, undefined, { accept, respond: undefined });
    const headers = { expect: "100-continue", "content-length": "4" };
    const request = begin("http://a.test/", { agent: front, method: "POST", headers });
    const answer = answerTo(request);
    request.once("continue", () => request.end("body"));
    request.flushHeaders();
    assertEquals((await answer).text, "ok");
  });

  it("does not read on from a response that is not read", PATIENT, async () => {
    const accept: MemoryOptions["accept"] = (peer) =>
      peer.onData(() => {
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n");
        for (let piece = 0; piece < 20; piece++) peer.send("x".repeat(100_000));
      });
    const { front, pool } = fronted({}, undefined, { accept, respond: undefined });
    const request = begin("http://a.test/", { agent: front });
    const response = await new Promise<IncomingMessage>((resolve) => {
      request.once("response", resolve);
      request.end();
    });
    await settled();
    assert(response.readableLength < 600_000, String(response.readableLength));
    let length = 0;
    for await (const piece of response) length += (piece as Uint8Array).length;
    assertEquals(length, 2_000_000);
    await eventually(() => pool.stats().idle === 1, "the connection is idle");
  });

  it("uses HTTP/1.1 where the pool might speak HTTP/2", PATIENT, async () => {
    const { ask, pool } = fronted({}, undefined, { alpn: "http/1.1" });
    assertEquals((await ask({}, "https://a.test/")).text, "ok");
    assertEquals(Object.keys(pool.stats().origins), ["http1+https://a.test"]);
  });

  const hosts: readonly (readonly [what: string, url: string, options: Asked, host: string])[] = [
    ["http", "http://a.test/", {}, "a.test"],
    ["http with a port", "http://a.test:8080/", {}, "a.test:8080"],
    ["https", "https://a.test/", {}, "a.test"],
    ["https with the default port in words", "https://a.test/", { port: 443 }, "a.test"],
    ["https on port 80", "https://a.test:80/", {}, "a.test:80"],
    ["https with a port", "https://a.test:8443/", {}, "a.test:8443"],
    ["an IPv6 address", "http://[::1]:8080/", {}, "[::1]:8080"],
  ];
  for (const [what, url, options, host] of hosts)
    it(`sends Host for ${what}`, PATIENT, async () => {
      const seen: (string | null)[] = [];
      const { ask, pool } = fronted({ http2: false }, ({ headers }) => {
        seen.push(headers.get("host"));
        return { body: "ok" };
      });
      await ask(options, url);
      assertEquals([seen, Object.keys(pool.stats().origins)], [[host], [url.slice(0, -1)]]);
    });

  it("writes for a proxy what it needs to forward a request", PATIENT, async () => {
    const seen: string[] = [];
    const { ask, pool } = fronted({ proxy: "http://user:secret@proxy.test:3128" }, ({ path, headers }) => {
      seen.push(`${path} ${headers.get("host")} ${headers.get("proxy-authorization")}`);
      return { body: "ok" };
    });
    await ask();
    await ask({ headers: ["Host", "a.test"] as unknown as Record<string, string> });
    assertEquals(seen, Array(2).fill("http://a.test/ a.test Basic dXNlcjpzZWNyZXQ="));
    assertEquals(pool.stats().opened, 1);
  });

  it("has its settings for tools to read, and no way to change them", () => {
    const { front } = fronted({ maxConnectionsPerOrigin: 7, maxIdlePerOrigin: 3 });
    assertEquals([front.maxSockets, front.maxFreeSockets, front.maxTotalSockets], [7, 3, 1024]);
    assertThrows(() => Object.assign(front, { maxSockets: 9 }), TypeError, "maxConnectionsPerOrigin");
    assertEquals(front.getName({ host: "a.test", port: 80 }), "a.test:80:");
  });

  it(
    "destroy() ends what is idle and what runs, and the next request gets a fresh connection",
    PATIENT,
    async () => {
      const { ask, front, pool, transport, retired, arrived } = fronted({}, undefined, {
        respond: undefined,
      });
      const running = failureOf(ask());
      await arrived();
      front.destroy();
      assertEquals((await running).code, "ECONNRESET");
      assertEquals(pool.stats().open, 0);
      assertEquals(retired().length, 1);
      const next = ask();
      await arrived(2);
      transport.peers[1]?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
      assertEquals((await next).text, "ok");
    },
  );
});
