/**
 * Bodies that misbehave: every kind of producer and every way to fail, at the first sending and at a resend, with
 * `request()` and with `fetch()`. Each gives one ERR_REQUEST_BODY; its connection is closed, and nothing is sent again.
 */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { type BodySource, HoldfastError } from "../../mod.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { failure, pieces, type Setup, scripted, settled, utf8 } from "./support.ts";

const PAYLOAD = utf8("payload");
const OK = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

const reason = new Error("disk on fire");

function fire(): never {
  throw reason;
}

/** A source of pieces, good or bad. */
type Source = () => unknown;

const good: Source = () => pieces(PAYLOAD).stream;

/** An object with a `getReader` of its own. */
const readerWith = (read: () => unknown): unknown => ({
  locked: false,
  getReader: () => ({ read, cancel() {} }),
});

const iterableWith = (next: () => unknown): unknown => ({ [Symbol.asyncIterator]: () => ({ next }) });

/** Every way in which a stream, or an object that looks like one, can fail when it is read. */
const BAD_SOURCES: Record<string, Source> = {
  "a stream that errors": () => new ReadableStream({ pull: (controller) => controller.error(reason) }),
  "a stream whose pull throws": () => new ReadableStream({ pull: fire }, { highWaterMark: 0 }),
  "a stream that errors after a piece": () =>
    new ReadableStream(
      {
        start: (controller) => controller.enqueue(utf8("pay")),
        pull: (controller) => controller.error(reason),
      },
      { highWaterMark: 0 },
    ),
  "a stream of text": () => new ReadableStream({ start: (controller) => controller.enqueue("text") }),
  "a stream of nothing": () => new ReadableStream({ start: (controller) => controller.enqueue(undefined) }),
  "a stream whose getReader throws": () => ({ locked: false, getReader: fire }),
  "a stream whose getReader gives nothing": () => ({ locked: false, getReader: () => undefined }),
  "a stream whose read throws": () => readerWith(fire),
  "a stream whose read gives nothing": () => readerWith(() => undefined),
  "a stream whose read gives a number": () => readerWith(async () => 5),
  "a stream whose cancel throws, and that gives numbers": () => ({
    locked: false,
    cancel: fire,
    getReader: () => ({ read: async () => ({ value: 5 }), cancel: fire }),
  }),
  "a stream whose cancel rejects, and that gives numbers": () => ({
    locked: false,
    getReader: () => ({ read: async () => ({ value: 5 }), cancel: () => Promise.reject(reason) }),
  }),
  "an iterable without an iterator": () => ({ [Symbol.asyncIterator]: () => undefined }),
  "an iterable that throws": () => ({ [Symbol.asyncIterator]: fire }),
  "an iterable whose next throws": () => iterableWith(fire),
  "an iterable whose next rejects": () => iterableWith(() => Promise.reject(reason)),
  "an iterable whose next gives nothing": () => iterableWith(() => undefined),
  "an iterable of numbers": () => iterableWith(async () => ({ done: false, value: 5 })),
  "a generator that throws": () =>
    (async function* () {
      yield utf8("pay");
      fire();
    })(),
};

const JUNK: Record<string, Source> = {
  nothing: () => undefined,
  "a number": () => 5,
  "a plain object": () => ({}),
  "a promise": async () => pieces(PAYLOAD).stream,
  "a promise that rejects": () => Promise.reject(reason),
  "an exception": fire,
};

/** A Blob of another library. */
const blobLike = (stream: Source, size = PAYLOAD.length): unknown => ({
  [Symbol.toStringTag]: "Blob",
  type: "",
  size,
  stream,
});

const formLike = (file: unknown): unknown => ({
  [Symbol.toStringTag]: "FormData",
  *[Symbol.iterator]() {
    yield ["a", "1"];
    yield ["file", file];
    yield ["b", "2"];
  },
});

interface Case {
  /** The body. `turn` counts how often it was opened, or produced, before. */
  readonly body: (bad: (opened: Source) => Source) => unknown;
  /** Whether only `request()` takes it, or both. */
  readonly requestOnly?: true;
  /** Whether it can be sent again at all. */
  readonly replayable: boolean;
}

function cases(): Record<string, Case> {
  const all: Record<string, Case> = {};
  for (const [name, source] of Object.entries({ ...BAD_SOURCES, ...JUNK })) {
    all[`a Blob-like that gives ${name}`] = { body: (bad) => blobLike(bad(source)), replayable: true };
    all[`a form with a file that gives ${name}`] = {
      body: (bad) => formLike(blobLike(bad(source))),
      replayable: true,
    };
    all[`a function that makes a Blob-like that gives ${name}`] = {
      body: (bad) => () => blobLike(bad(source)),
      requestOnly: true,
      replayable: true,
    };
    all[`a function that makes ${name}`] = {
      body: (bad) => bad(source),
      requestOnly: true,
      replayable: true,
    };
  }
  for (const [name, source] of Object.entries(BAD_SOURCES)) {
    all[name] = { body: () => source(), replayable: false };
  }
  for (const size of [PAYLOAD.length - 1, PAYLOAD.length + 1]) {
    const wrong = () => blobLike(good, size);
    all[`a Blob-like of ${PAYLOAD.length} bytes that says ${size}`] = { body: wrong, replayable: false };
    all[`a form with a file of ${PAYLOAD.length} bytes that says ${size}`] = {
      body: () => formLike(wrong()),
      replayable: false,
    };
  }
  all["a Blob-like whose arrayBuffer rejects"] = {
    body: () => ({
      [Symbol.toStringTag]: "Blob",
      type: "",
      size: 7,
      arrayBuffer: () => Promise.reject(reason),
    }),
    replayable: false,
  };
  all["a Blob of the runtime whose stream was replaced"] = {
    body: () => Object.assign(new Blob([PAYLOAD]), { stream: fire }),
    replayable: false,
  };
  all["a function that makes a used stream"] = {
    body: (bad) =>
      bad(() => {
        const { stream } = pieces();
        const reader = stream.getReader();
        reader.read().catch(() => {});
        reader.releaseLock();
        return stream;
      }),
    requestOnly: true,
    replayable: true,
  };
  all["a function that makes a locked stream"] = {
    body: (bad) =>
      bad(() => {
        const { stream } = pieces(PAYLOAD);
        stream.getReader();
        return stream;
      }),
    requestOnly: true,
    replayable: true,
  };
  return all;
}

/** Ways to fail that only a second call of the function has. */
const BAD_AGAIN: Record<string, Source> = {
  text: () => "payload",
  bytes: () => PAYLOAD,
  "a Blob of a known length": () => new Blob([PAYLOAD]),
};

/** Answers a `GET`, and the next request on the same connection with an RST. On other connections it answers nothing. */
function dropsReused(peer: MemoryPeer): void {
  peer.onData((bytes) => {
    const text = new TextDecoder().decode(bytes);
    if (text.startsWith("GET ")) peer.send(OK);
    else if (peer.receivedText.startsWith("GET ")) peer.reset();
  });
}

async function rest(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await settled();
}

function heads(at: Setup): number {
  return at.transport.peers.reduce(
    (sum, { receivedText }) => sum + receivedText.split("PUT / ").length - 1,
    0,
  );
}

type Way = "request" | "fetch";

async function send(at: Setup, way: Way, body: unknown): Promise<unknown> {
  const init = { method: "PUT", body: body as BodySource, duplex: "half" as const };
  if (way === "request") {
    const { duplex: _, ...options } = init;
    return failure(at.pool.request("http://a.test/", options));
  }
  const error = await failure(at.pool.fetch("http://a.test/", init));
  assertInstanceOf(error, TypeError);
  return error.cause;
}

async function check(at: Setup, error: unknown, most: number): Promise<void> {
  assertInstanceOf(error, HoldfastError);
  assertEquals([error.code, error.retriable], ["ERR_REQUEST_BODY", false]);
  await rest();
  const failed = at.events.filter(({ type }) => type === "request.failed").length;
  const started = at.events.filter(({ type }) => type === "request.started").length;
  assert(failed <= 1 && failed === started - (most > 1 ? 1 : 0), `${failed} of ${started} requests failed`);
  assertEquals([at.pool.stats().active, at.pool.stats().queued], [0, 0]);
  assert(heads(at) <= most, `${heads(at)} were sent`);
  // Only connections that never had a request.
  const used = at.transport.peers.filter(({ receivedText }) => receivedText.includes("PUT / "));
  assert(
    used.every(({ state }) => state !== "open"),
    "the connection is gone",
  );
}

const CASES = cases();

for (const way of ["request", "fetch"] as const) {
  describe(`${way}() with a body that misbehaves at the first sending:`, () => {
    for (const [name, { body, requestOnly }] of Object.entries(CASES)) {
      if (requestOnly && way === "fetch") continue;
      it(name, async () => {
        await using at = scripted(() => {});
        await check(
          at,
          await send(
            at,
            way,
            body((source) => source),
          ),
          1,
        );
      });
    }
  });

  describe(`${way}() with a body that misbehaves at the resend:`, () => {
    for (const [name, { body, requestOnly, replayable }] of Object.entries(CASES)) {
      if (!replayable || (requestOnly && way === "fetch")) continue;
      it(name, async () => {
        await using at = scripted(dropsReused);
        await (await at.pool.request("http://a.test/")).bytes();
        let made = 0;
        const bad =
          (source: Source): Source =>
          () =>
            made++ === 0 ? good() : source();
        await check(at, await send(at, way, body(bad)), 2);
        assertEquals(made, 2);
      });
    }
  });
}

describe("request() with a function that makes, at the resend,", () => {
  for (const [name, source] of Object.entries(BAD_AGAIN)) {
    it(name, async () => {
      await using at = scripted(dropsReused);
      await (await at.pool.request("http://a.test/")).bytes();
      let made = 0;
      await check(at, await send(at, "request", () => (made++ === 0 ? good() : source())), 2);
    });
  }
});

describe("fetch() with a Request whose body misbehaves:", () => {
  for (const [name, source] of Object.entries(BAD_SOURCES)) {
    it(name, async () => {
      await using at = scripted(() => {});
      const request = { url: "http://a.test/", method: "PUT", body: source() as ReadableStream<Uint8Array> };
      const error = await failure(at.pool.fetch(request));
      assertInstanceOf(error, TypeError);
      await check(at, error.cause, 1);
    });
  }
});

/** More pieces than many turns of the event loop read. */
const ENDLESS = 300_000;

/** Gives pieces without ever waiting, until it is cancelled. */
class Endless {
  stopped = false;
  #left = ENDLESS;
  readonly #piece: Uint8Array;

  constructor(piece: Uint8Array) {
    this.#piece = piece;
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return {
      next: () => Promise.resolve({ done: this.stopped || this.#left-- <= 0, value: this.#piece }),
      return: () => {
        this.stopped = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }
}

describe("a body that never ends", () => {
  for (const [name, piece] of [
    ["in small pieces", utf8("x")],
    ["in empty pieces", new Uint8Array(0)],
  ] as const) {
    const ways = {
      "request()": (at: Setup, body: BodySource) =>
        at.pool.request("http://a.test/", { method: "PUT", body }),
      "fetch()": (at: Setup, body: BodySource) => at.pool.fetch("http://a.test/", { method: "PUT", body }),
      "fetch() of a Request": (at: Setup, body: BodySource) =>
        at.pool.fetch({ url: "http://a.test/", method: "PUT", body: body as ReadableStream<Uint8Array> }),
    };
    for (const [way, send] of Object.entries(ways)) {
      it(`${name} does not keep ${way} from its response, and is cancelled by it`, async () => {
        // The response takes a turn of the event loop.
        await using at = scripted((peer) => setTimeout(() => peer.send(OK), 0));
        const body = new Endless(piece);
        assertEquals((await send(at, body)).status, 200);
        assertEquals([body.stopped, at.pool.stats().idle], [true, 0]);
      });
    }
  }
});
