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
