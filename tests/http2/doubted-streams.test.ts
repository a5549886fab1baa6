/** Doubted streams: what a peer says of the two attempts of one request over HTTP/2, and how often the request is sent then. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, type HoldfastError } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import {
  END_HEADERS,
  END_STREAM,
  FrameReader,
  four,
  frame,
  settingsFrame,
  TYPE,
} from "../simulation/http2/frames.ts";
import { MovableClock, settled } from "../support/clock.ts";

const CODE = { noError: 0, internalError: 2, refused: 7, cancel: 8 } as const;

/** One request as its server has received it. */
class Received {
  readonly peer: MemoryPeer;
  readonly #stream: number;

  constructor(peer: MemoryPeer, stream: number) {
    this.peer = peer;
    this.#stream = stream;
  }

  /** `:status: 200` is in the static table (RFC 7541, appendix A). */
  answer(): void {
    this.peer.send(frame(TYPE.headers, END_HEADERS | END_STREAM, this.#stream, [0x88]));
  }

  /** `:status: 103`, its name from the static table. */
  hint(): void {
    this.peer.send(frame(TYPE.headers, END_HEADERS, this.#stream, [0x08, 3, 0x31, 0x30, 0x33]));
  }

  reset(code: number): void {
    this.peer.send(frame(TYPE.rst, 0, this.#stream, four(code)));
  }

  /** Says that this request was not processed, nor any other on the connection. */
  disown(): void {
    this.peer.send(frame(TYPE.goaway, 0, 0, [...four(0), ...four(CODE.noError)]));
  }

  end(): void {
    this.peer.end();
  }
}

const LOST = "ERR_CONNECTION_LOST";

interface World extends AsyncDisposable {
  readonly clock: MovableClock;
  /** Each request as often as it was received, the last first. The first is the one that was answered before the silence. */
  readonly received: Received[];
  /** The connections that open wait until the function that is returned is called. */
  hold(): () => void;
  /** Sends a request on a connection that was idle for a minute and is silent. Tells the status, or the error. */
  ask(method?: "GET" | "POST"): Promise<number | HoldfastError>;
}

/** A pool whose first connection has answered once, a minute ago. */
async function silent(): Promise<World> {
  const clock = new MovableClock();
  const received: Received[] = [];
  let held: Promise<void> | undefined;
  const transport = memoryTransport({
    accept: (peer) => {
      const reader = new FrameReader();
      peer.send(settingsFrame([[3, 100]]));
      peer.onData((bytes) => {
        for (const { type, stream } of reader.push(bytes) ?? [])
          if (type === TYPE.headers) received.push(new Received(peer, stream));
        if (received.length === 1) received[0]?.answer();
      });
    },
  });
  const connect: typeof transport.connect = async (target, handler, signal) => {
    await held;
    return transport.connect(target, handler, signal);
  };
  const pool = createPool({
    http2: "prior-knowledge",
    idleTimeout: "1h",
    unsafeReuse: "1h",
    clock,
    transport: { ...transport, connect },
  });
  await (await pool.request("http://a.test/")).text();
  await clock.advance(60_000);
  return {
    clock,
    received,
    hold: () => {
      let release = (): void => {};
      held = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    ask: (method = "GET") =>
      pool.request("http://a.test/", { method }).then(
        ({ status }) => status,
        (error: HoldfastError) => error,
      ),
    [Symbol.asyncDispose]: () => pool.close({ timeout: 0 }),
  };
}

const codeOf = (outcome: number | HoldfastError): number | string =>
  typeof outcome === "number" ? outcome : outcome.code;

/** The second attempt was sent, on its own connection. */
async function bothSent(world: World): Promise<[first: Received, second: Received]> {
  await world.clock.advance(3000);
  const [, first, second] = world.received;
  if (first === undefined || second === undefined) throw new Error("It was not asked for twice");
  assertEquals([first.peer.id, second.peer.id], [1, 2]);
  return [first, second];
}

/** The ways to say that a request was not processed. */
const DISOWNS: readonly [string, (request: Received) => void][] = [
  ["RST_STREAM with REFUSED_STREAM", (request) => request.reset(CODE.refused)],
  ["GOAWAY", (request) => request.disown()],
];

describe("the second attempt of a request over HTTP/2", () => {
  for (const [how, disown] of DISOWNS) {
    it(`was not processed, by ${how}: then the first one is lost, and it is sent once more`, async () => {
      await using world = await silent();
      const outcome = world.ask();
      const [first, second] = await bothSent(world);
      disown(second);
      await settled();
      first.end();
      await world.clock.advance(1000);
      assertEquals(world.received.length, 4);
      world.received[3]?.answer();
      assertEquals(codeOf(await outcome), 200);
    });

    it(`has got a 1xx, and ${how} says that it was not processed: there is no third`, async () => {
      await using world = await silent();
      const outcome = world.ask();
      const [first, second] = await bothSent(world);
      second.hint();
      disown(second);
      await settled();
      first.end();
      await world.clock.advance(1000);
      assertEquals(world.received.length, 3);
      assertEquals(codeOf(await outcome), "ERR_CONNECTION_LOST");
    });
  }
});

describe("a request over HTTP/2 that has got a 1xx, and is said not to be processed", () => {
  for (const [how, disown] of DISOWNS)
    it(`is not sent again, and its error says that it was sent: ${how}`, async () => {
      await using world = await silent();
      const outcome = world.ask("POST");
      await world.clock.advance(1);
      const [, first] = world.received;
      first?.hint();
      if (first !== undefined) disown(first);
      const error = await outcome;
      if (typeof error === "number") throw new Error("It was answered");
      assertEquals([error.code, error.sent, error.retriable], ["ERR_CONNECTION_LOST", "full", false]);
      assertEquals(world.received.length, 2);
    });
});

/** The server sends a 1xx first. */
const hintThen = (act: (request: Received) => void) => (request: Received) => {
  request.hint();
  act(request);
};

describe("the first attempt of a request over HTTP/2, while the second one waits for a connection", () => {
  /** What the server does with the first attempt, what comes of the request, and how often the server has received it. */
  const rows: readonly [
    what: string,
    act: (first: Received) => void,
    outcome: number | string,
    sent: number,
  ][] = [
    ["ends by RST_STREAM with INTERNAL_ERROR", (first) => first.reset(CODE.internalError), LOST, 1],
    ["ends by RST_STREAM with CANCEL", (first) => first.reset(CODE.cancel), LOST, 1],
    ["ends by RST_STREAM with NO_ERROR", (first) => first.reset(CODE.noError), LOST, 1],
    ["gets a 1xx and loses its connection", hintThen((first) => first.end()), LOST, 1],
    ["gets a 1xx and is refused", hintThen((first) => first.reset(CODE.refused)), LOST, 1],
    ["is refused", (first) => first.reset(CODE.refused), 200, 2],
    ["loses its connection", (first) => first.end(), 200, 2],
  ];
  for (const [what, act, outcome, sent] of rows)
    it(`${what}: ${sent === 1 ? "the request is not sent again" : "the second one is waited for"}`, async () => {
      await using world = await silent();
      const release = world.hold();
      const asked = world.ask();
      await world.clock.advance(3000);
      const [, first] = world.received;
      if (first !== undefined) act(first);
      await settled();
      release();
      await world.clock.advance(1000);
      assertEquals(world.received.length, 1 + sent);
      world.received[2]?.answer();
      assertEquals(codeOf(await asked), outcome);
    });
});
