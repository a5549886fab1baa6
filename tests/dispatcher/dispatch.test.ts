/** `dispatch()` itself: both generations of handlers, the options that are honoured and refused, and the errors. */

import { Buffer } from "node:buffer";
import { Agent } from "node:http";
import type { Duplex } from "node:stream";
import { describe, it } from "node:test";
import { assertEquals, assertMatch, assertStrictEquals, assertThrows } from "@std/assert";
import { ProxyAgent } from "undici7";
import { createPool, type Pool } from "../../mod.ts";
import { type ErrorCode, HoldfastError } from "../../src/contract/errors.ts";
import { type Transport, TransportError } from "../../src/contract/transport.ts";
import { dispatchError } from "../../src/dispatcher/dispatch-error.ts";
import {
  type CurrentHandler,
  type DispatchController,
  type DispatchOptions,
  dispatcher,
  type LegacyHandler,
  type PoolDispatcher,
} from "../../src/dispatcher/mod.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { answering, scripted, serving, settled } from "../fetch/support.ts";

const GET: DispatchOptions = { origin: "http://a.test", path: "/", method: "GET" };
const HELLO = "HTTP/1.1 200 Fine\r\nX-A: 1\r\nX-a: 2\r\nContent-Length: 5\r\n\r\nhello";

/** A handler of undici 7 and 8 that notes what it is told. */
class Noted implements CurrentHandler {
  readonly told: unknown[] = [];
  controller: DispatchController | undefined;

  onRequestStart(controller: DispatchController): void {
    this.controller = controller;
    this.told.push("start");
  }

  onResponseStart(_: DispatchController, status: number, headers: object, statusText?: string): void {
    this.told.push([status, headers, statusText]);
  }

  onResponseData(_: DispatchController, chunk: Buffer): void {
    this.told.push(String(chunk));
  }

  onResponseEnd(_: DispatchController, trailers: object): void {
    this.told.push(trailers);
  }

  onResponseError(_: DispatchController | null, error: Error): void {
    this.told.push(error);
  }
}

const HEAD = [200, { "x-a": ["1", "2"], "content-length": "5" }, "Fine"];

describe("dispatch() and its handler", () => {
  it("tells a handler of undici 7 and 8 of a response, with its raw fields", async () => {
    await using setup = answering(HELLO);
    const handler = new Noted();
    assertEquals(dispatcher(setup.pool).dispatch(GET, handler), true);
    await settled();
    assertEquals(handler.told, ["start", HEAD, "hello", {}]);
    assertEquals(handler.controller?.rawHeaders, ["x-a", "1", "x-a", "2", "content-length", "5"]);
  });

  it("tells a handler of undici 6 of a response, which may hold it back", async () => {
    await using setup = answering(HELLO);
    const told: unknown[] = [];
    let goOn = (): void => {};
    const handler: LegacyHandler = {
      onConnect: () => told.push("connect"),
      onHeaders(status, headers, resume, statusText) {
        told.push([status, headers.map(String), statusText]);
        goOn = resume;
        return false;
      },
      onData: (chunk) => void told.push(String(chunk)),
      onComplete: (trailers) => told.push(trailers),
      onError: (error) => told.push(error),
    };
    dispatcher(setup.pool).dispatch(GET, handler);
    await settled();
    assertEquals(told, ["connect", [200, ["x-a", "1", "x-a", "2", "content-length", "5"], "Fine"]]);
    goOn();
    assertEquals(told.slice(2), ["hello", []]);
  });

  it("passes on a body in pieces, and nothing while it is held back", async () => {
    const peers: { send(text: string): void }[] = [];
    await using setup = scripted((peer) => {
      peers.push(peer);
      peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"));
    });
    const handler = new Noted();
    dispatcher(setup.pool).dispatch(GET, handler);
    await settled();
    handler.controller?.pause();
    peers[0]?.send("3\r\ntwo\r\n");
    peers[0]?.send("5\r\nthree\r\n0\r\nX-Sum: 8\r\n\r\n");
    await settled();
    assertEquals(handler.told.slice(2), ["one"]);
    handler.controller?.resume();
    assertEquals(handler.told.slice(3), ["two", "three", { "x-sum": "8" }]);
  });

  it("ends a request that is aborted before it is sent, while it waits, and while it is read", async () => {
    await using setup = scripted((peer) => {
      peer.onData(() => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"));
    });
    const early = new Noted();
    const start = early.onRequestStart.bind(early);
    early.onRequestStart = (controller) => {
      start(controller);
      controller.abort(reason);
    };
    const reason = new Error("on purpose");
    const through = dispatcher(setup.pool);
    through.dispatch(GET, early);
    assertEquals(early.told, ["start", reason]);
    const waiting = new Noted();
    through.dispatch(GET, waiting);
    waiting.controller?.abort();
    const { code, name } = waiting.told[1] as Error & { code: string };
    assertEquals([code, name, waiting.controller?.aborted], ["UND_ERR_ABORTED", "AbortError", true]);
    const reading = new Noted();
    through.dispatch(GET, reading);
    await settled();
    reading.controller?.abort(reason);
    assertEquals([reading.told.length, reading.told.at(-1)], [4, reason]);
    await settled();
    assertEquals(setup.pool.stats().active, 0);
    await through.close();
  });

  it("gives a handler its own error, once, wherever it throws", async () => {
    const names = ["onRequestStart", "onResponseStart", "onResponseData", "onResponseEnd"] as const;
    for (const name of names) {
      await using setup = answering(HELLO);
      const error = new Error(name);
      const handler = new Noted();
      handler[name] = () => {
        throw error;
      };
      dispatcher(setup.pool).dispatch(GET, handler);
      await settled();
      assertStrictEquals(handler.told.at(-1), error);
      assertEquals(handler.told.filter((one) => one instanceof Error).length, 1);
      assertEquals(setup.pool.stats().active, 0);
    }
  });

  it("lets an error of the error's own handler end as one that nobody handles, and the pool goes on", async () => {
    await using setup = answering("HTTP/1.1 nonsense\r\n\r\n", HELLO);
    const error = new Error("in the handler");
    const unhandled: unknown[] = [];
    const { queueMicrotask: later } = globalThis;
    globalThis.queueMicrotask = (run) => {
      later(() => {
        try {
          run();
        } catch (thrown) {
          unhandled.push(thrown);
        }
      });
    };
    const handler = new Noted();
    handler.onResponseError = () => {
      throw error;
    };
    try {
      dispatcher(setup.pool).dispatch(GET, handler);
      await settled();
    } finally {
      globalThis.queueMicrotask = later;
    }
    assertEquals([unhandled, setup.pool.stats().active], [[error], 0]);
  });

  it("lets a handler dispatch within each of its calls, on the connection that it just had", async () => {
    const names = ["onRequestStart", "onResponseStart", "onResponseData", "onResponseEnd"] as const;
    for (const name of names) {
      await using setup = serving();
      const through = dispatcher(setup.pool);
      const [first, second] = [new Noted(), new Noted()];
      first[name] = () => void through.dispatch(GET, second);
      through.dispatch(GET, first);
      await settled();
      assertEquals(second.told.slice(-2), ["hello", {}]);
      assertEquals([setup.pool.stats().active, setup.requests.length], [0, 2]);
      if (name !== "onRequestStart") assertEquals(setup.pool.stats().opened, 1);
    }
  });

  it("passes on a field by the name of __proto__ as a field", async () => {
    await using setup = answering("HTTP/1.1 200 OK\r\n__proto__: x\r\nContent-Length: 0\r\n\r\n");
    const handler = new Noted();
    dispatcher(setup.pool).dispatch(GET, handler);
    await settled();
    const [, [, headers] = []] = handler.told as [unknown, unknown[]?];
    assertEquals(Object.entries(headers as object)[0], ["__proto__", "x"]);
  });
});

describe("dispatch() and an upgrade", () => {
  const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const asked: DispatchOptions = { ...GET, upgrade: "echo" };

  /** A handler that notes its socket. */
  class Upgraded extends Noted {
    socket: Duplex | undefined;

    onRequestUpgrade(_: DispatchController, status: number, headers: object, socket: Duplex): void {
      this.told.push([status, headers]);
      this.socket = socket;
    }
  }

  it("tells what origin it was, when the connection is lost later", async () => {
    let reset = (): void => {};
    await using setup = scripted((peer) => {
      reset = () => peer.reset();
      peer.onData(() => peer.send(SWITCH));
    });
    const handler = new Upgraded();
    dispatcher(setup.pool).dispatch(asked, handler);
    await settled();
    const lost = new Promise((resolve) => handler.socket?.once("error", resolve).resume());
    reset();
    const { code, origin, message } = (await lost) as HoldfastError;
    assertEquals([code, origin], ["ERR_CONNECTION_LOST", "http://a.test"]);
    assertMatch(message, /^http:\/\/a\.test: the upgraded connection failed/);
  });

  it("drops the socket of a request that is aborted while its connection changes hands", async () => {
    const handler = new Upgraded();
    const reason = new Error("on purpose");
    let [isSent, aborts] = [false, 0];
    const inner = memoryTransport({ accept: (peer) => peer.onData(() => peer.send(SWITCH)) });
    const transport: Transport = {
      ...inner,
      async connect(...given) {
        const socket = await inner.connect(...given);
        return {
          ...socket,
          write(...parts) {
            isSent = true;
            return socket.write(...parts);
          },
          setHandler(to) {
            socket.setHandler(to);
            if (isSent) handler.controller?.abort(reason);
          },
          abort() {
            aborts += 1;
            socket.abort();
          },
        };
      },
    };
    const pool = createPool({ transport });
    dispatcher(pool).dispatch(asked, handler);
    await settled();
    assertEquals([handler.told, aborts, pool.stats().open], [["start", reason], 1, 0]);
    await pool.close();
  });
});

describe("dispatch() and its options", () => {
  /** The head that a server gets, without the status line's blanks. */
  async function head(options: Partial<DispatchOptions>): Promise<string> {
    let text = "";
    await using setup = scripted((peer) =>
      peer.onData((bytes) => {
        text += Buffer.from(bytes).toString("latin1");
        peer.send(HELLO);
      }),
    );
    const handler = new Noted();
    dispatcher(setup.pool).dispatch({ ...GET, ...options }, handler);
    await settled();
    const error = handler.told.find((one) => one instanceof Error);
    return error === undefined ? text : `${(error as { code?: string }).code}: ${(error as Error).message}`;
  }

  const HONOURED: readonly (readonly [Partial<DispatchOptions>, RegExp])[] = [
    [{ path: "/a/../b?x=%20" }, /^GET \/a\/\.\.\/b\?x=%20 HTTP/],
    [{ query: { a: 1, b: ["x", "y z"], c: null } }, /^GET \/\?a=1&b=x&b=y\+z&c= HTTP/],
    [{ path: "*", method: "OPTIONS" }, /^OPTIONS \* HTTP/],
    [{ headers: ["X-A", "1", "x-b", ["2", "3"]] }, /X-A: 1\r\nx-b: 2\r\nx-b: 3\r\n/],
    [{ headers: [["X-A", "1"]] }, /X-A: 1\r\n/],
    [{ headers: new Map([["x-a", "1"]]) }, /x-a: 1\r\n/],
    [
      { headers: { "x-a": null, "x-b": undefined, "x-c": 5, host: "b.test" } },
      /host: b\.test\r\n.*[\r\n]+x-a: \r\nx-c: 5\r\n/,
    ],
    [{ headers: { connection: "keep-alive, x-a" } }, /connection: keep-alive\r\n/],
    [{ headers: { Connection: "Close" } }, /connection: close\r\n/],
    [{ reset: true }, /connection: close\r\n/],
    [{ expectContinue: true, method: "PUT", body: "hello" }, /expect: 100-continue\r\n/],
    [{ method: "POST", body: "" }, /content-length: 0\r\n/],
    [{ method: "GET", body: "sent" }, /content-length: 4\r\n\r\nsent$/],
    [{ blocking: true, idempotent: true, headersTimeout: 0, bodyTimeout: 5 }, /^GET/],
    [{ upgrade: "echo" }, /connection: upgrade\r\nupgrade: echo\r\n/],
  ];
  for (const [options, expected] of HONOURED)
    it(`honours ${JSON.stringify(options)}`, async () => assertMatch(await head(options), expected));

  it("sends fields as they are now, in an object that was given before as well", async () => {
    await using setup = serving();
    const front = dispatcher(setup.pool);
    const headers: Record<string, unknown> = { "x-a": "1", "x-b": ["2"] };
    const changes: (() => void)[] = [
      () => {},
      () => (headers["x-b"] as string[]).push("3"),
      () => Object.assign(headers, { "x-b": "4" }),
      () => Object.assign(headers, { "x-a": "5" }),
      () => {},
      () => delete headers["x-a"],
    ];
    for (const change of changes) {
      change();
      front.dispatch({ ...GET, headers }, new Noted());
      await settled();
    }
    const sent = setup.requests.map(({ headers }) => `${headers.get("x-a")} ${headers.get("x-b")}`);
    assertEquals(sent, ["1 2", "1 2, 3", "1 4", "5 4", "5 4", "null 4"]);
  });

  const REFUSED: readonly (readonly [object, RegExp])[] = [
    [{ origin: undefined }, /^UND_ERR_INVALID_ARG: URL/],
    [{ origin: "ftp://a.test" }, /^UND_ERR_INVALID_ARG: URL must start with http/],
    [{ path: "a" }, /^UND_ERR_INVALID_ARG: path must start with a slash/],
    [{ path: "/a b" }, /^UND_ERR_INVALID_ARG: path .*\/a b/],
    [{ path: "http://a.test/" }, /^UND_ERR_INVALID_ARG: path/],
    [{ path: "/?a", query: { b: 1 } }, /^UND_ERR_INVALID_ARG: query/],
    [{ method: "G ET" }, /^UND_ERR_INVALID_ARG: Method "G ET"/],
    [{ headers: { "transfer-encoding": "chunked" } }, /^UND_ERR_INVALID_ARG: Header "transfer-encoding"/],
    [{ headers: { "x-a": { b: 1 } } }, /^UND_ERR_INVALID_ARG: invalid x-a header/],
    [{ headers: ["x-a"] }, /^UND_ERR_INVALID_ARG: headers array must be even/],
    [{ headers: 5 }, /^UND_ERR_INVALID_ARG: headers/],
    [{ headersTimeout: -1 }, /^UND_ERR_INVALID_ARG: headersTimeout .*-1/],
    [{ bodyTimeout: "5s" }, /^UND_ERR_INVALID_ARG: bodyTimeout .*5s/],
    [{ upgrade: true }, /^UND_ERR_INVALID_ARG: upgrade/],
    [{ body: 5, method: "PUT" }, /^UND_ERR_INVALID_ARG: Request body/],
    [
      { body: "four", method: "PUT", headers: { "content-length": "5" } },
      /^UND_ERR_REQ_CONTENT_LENGTH_MISMATCH/,
    ],
    [{ headers: { "content-length": "5" } }, /^UND_ERR_REQ_CONTENT_LENGTH_MISMATCH/],
    [{ maxRedirections: 3 }, /^UND_ERR_INVALID_ARG: maxRedirections is not honoured.*redirect interceptor/],
    [{ typeOfService: 8 }, /^UND_ERR_INVALID_ARG: typeOfService is not honoured/],
    [
      { origin: "https://10.0.0.1", servername: "a.test" },
      /^UND_ERR_INVALID_ARG: servername "a\.test" is not honoured/,
    ],
    [{ method: "CONNECT", path: "/a/b" }, /^UND_ERR_INVALID_ARG: path must be host:port/],
  ];
  for (const [options, expected] of REFUSED)
    it(`refuses ${JSON.stringify(options)}`, async () => assertMatch(await head(options), expected));

  it("sends a GET again whose reused connection ends, unless it says that it must not be executed twice", async () => {
    for (const idempotent of [true, false]) {
      const sent: string[] = [];
      await using setup = scripted((peer) =>
        peer.onData((bytes) => {
          sent.push(Buffer.from(bytes).toString("latin1").slice(4, 6));
          if (sent.length === 2) peer.end();
          else peer.send(HELLO);
        }),
      );
      const through = dispatcher(setup.pool);
      const handler = new Noted();
      through.dispatch(GET, new Noted());
      await settled();
      through.dispatch({ ...GET, idempotent, path: "/a" }, handler);
      await settled();
      assertEquals(sent, idempotent ? ["/ ", "/a", "/a"] : ["/ ", "/a"]);
      const code = (handler.told.at(-1) as { code?: string }).code;
      assertEquals(code, idempotent ? undefined : "UND_ERR_SOCKET");
    }
  });
});

describe("dispatch() and a body that fetch of undici gives", () => {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("in ");
    yield Buffer.from("memory");
  }
  const put = { ...GET, method: "PUT", body: body(), headers: { "content-length": "9" } };

  it("sends it together with the head, and again where its connection ends", async () => {
    const sent: string[] = [];
    await using setup = scripted((peer) =>
      peer.onData((bytes) => {
        sent.push(Buffer.from(bytes).toString("latin1").split("\r\n").at(-1) ?? "");
        if (sent.length === 2) peer.end();
        else peer.send(HELLO);
      }),
    );
    const through = dispatcher(setup.pool);
    through.dispatch(GET, new Noted());
    await settled();
    const handler = new Noted();
    through.dispatch(put, handler);
    await settled();
    await settled();
    assertEquals(sent, ["", "in memory", "in memory"]);
    assertEquals(handler.told.slice(1, 3), [HEAD, "hello"]);
  });

  it("tells the error of one that fails, and ends one whose request is aborted", async () => {
    await using setup = answering(HELLO);
    const error = new Error("disk");
    let isEnded = false;
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("in ");
      throw error;
    }
    async function* slow(): AsyncGenerator<Uint8Array> {
      try {
        await settled();
        yield Buffer.from("late");
      } finally {
        isEnded = true;
      }
    }
    const through = dispatcher(setup.pool);
    const failed = new Noted();
    through.dispatch({ ...put, body: failing() }, failed);
    const aborted = new Noted();
    through.dispatch({ ...put, body: slow() }, aborted);
    aborted.controller?.abort(error);
    await settled();
    await settled();
    assertEquals([failed.told[1], aborted.told[1], isEnded], [error, error, true]);
  });
});

describe("dispatch() and what is no dispatcher's", () => {
  it("refuses handlers, pools and classes of other kinds, and says what they must be", () => {
    const setup = serving();
    const through = dispatcher(setup.pool);
    assertThrows(() => through.dispatch(GET, {}), Error, "undici 6");
    assertThrows(() => through.dispatch(GET, undefined as never), Error, "handler must be an object");
    assertThrows(
      () => dispatcher({ ...setup.pool, request: setup.pool.request } as Pool),
      TypeError,
      "createPool()",
    );
    assertThrows(() => dispatcher({ idle: 5 } as object), TypeError, "idle");
    assertThrows(
      () => dispatcher(new Agent() as object),
      TypeError,
      "an instance of Agent cannot stand behind",
    );
    assertThrows(
      () => dispatcher(new ProxyAgent("http://a.test") as object),
      TypeError,
      "of ProxyAgent cannot",
    );
    assertThrows(() => dispatcher(dispatcher() as object), TypeError, "of PoolDispatcher cannot");
    assertThrows(() => dispatcher(null as never), TypeError);
    assertThrows(() => dispatcher(setup.pool, class Agent {}), TypeError, "undici 6, 7 or 8");
    const plain = through as PoolDispatcher & { compose(): void };
    assertThrows(() => plain.compose(), TypeError, "dispatcher(pool, Dispatcher)");
  });

  it("tells the handler where it is closed or destroyed, and calls back as undici does", async () => {
    const setup = serving();
    const through = dispatcher(setup.pool);
    const called = new Promise((resolve) => through.close((...all) => resolve(all)));
    assertEquals(await called, [null, null]);
    const late = new Noted();
    assertEquals(through.dispatch(GET, late), false);
    assertEquals((late.told[0] as { code: string }).code, "UND_ERR_CLOSED");
    await through.destroy();
    assertEquals([through.closed, through.destroyed], [true, true]);
    assertEquals(await (await setup.pool.request("http://a.test/")).text(), "hello");
    await setup[Symbol.asyncDispose]();
  });

  it("destroy() ends what runs, and closes a pool of its own", async () => {
    await using setup = scripted(() => {});
    const through = dispatcher(setup.pool);
    const running = new Noted();
    through.dispatch(GET, running);
    await settled();
    await through.destroy();
    assertEquals((running.told[1] as { code: string }).code, "UND_ERR_DESTROYED");
  });
});

describe("errors of a dispatcher", () => {
  const CODES: readonly (readonly [ErrorCode, string, unknown?])[] = [
    ["ERR_ACQUIRE_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"],
    ["ERR_CONNECT_TIMEOUT", "UND_ERR_CONNECT_TIMEOUT"],
    ["ERR_HEADERS_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT"],
    ["ERR_BODY_TIMEOUT", "UND_ERR_BODY_TIMEOUT"],
    ["ERR_REQUEST_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT"],
    ["ERR_CONNECTION_LOST", "UND_ERR_SOCKET"],
    ["ERR_CONNECTION_LOST", "ECONNRESET", new TransportError("reset", "reset")],
    ["ERR_CONNECT", "ENOTFOUND", new TransportError("dns", "no such name")],
    [
      "ERR_CONNECT",
      "EX",
      new TransportError("refused", "x", { cause: Object.assign(new Error(), { code: "EX" }) }),
    ],
    ["ERR_TLS", "UND_ERR_SOCKET", new TransportError("tls", "untrusted")],
    ["ERR_POOL_CLOSED", "UND_ERR_CLOSED"],
    ["ERR_QUEUE_FULL", "ERR_QUEUE_FULL"],
    ["ERR_PROTOCOL", "ERR_PROTOCOL"],
  ];
  for (const [code, expected, cause] of CODES) {
    it(`give ${code} the code ${expected}`, () => {
      const error = new HoldfastError({ code, phase: "headers", message: "why", cause });
      const told = dispatchError(error) as Error & { code: string };
      assertEquals([told.code, told.message], [expected, "why"]);
      assertStrictEquals(expected === code ? told : told.cause, error);
    });
  }

  it("keep the own error of a body that fails", () => {
    const cause = new Error("disk");
    const error = new HoldfastError({ code: "ERR_REQUEST_BODY", phase: "send", message: "why", cause });
    assertStrictEquals(dispatchError(error), cause);
  });
});
