/** Promise: when the network was out and is back, requests that may be sent twice are answered within a second. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { type MemoryOptions, type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
// Loaded now, so that the pool's own import takes no more than some turns.
import "../../src/http2/http2-wire.ts";
import { MovableClock } from "../support/clock.ts";
import { Prng } from "../support/prng.ts";
import { service } from "../support/service.ts";

const SEEDS = Number(process.env.HOLDFAST_OUTAGES ?? 20);
const SEED = Number(process.env.HOLDFAST_SEED ?? 1);
const MINUTE = 60_000;

/** One outage, and the requests that wait through it. */
interface Plan {
  readonly http2: boolean;
  /** What connects take; the first ones, while the program starts. */
  readonly connectMs: number;
  readonly firstConnectMs: number;
  /** How long the connections had been idle. */
  readonly idleMs: number;
  readonly requests: number;
  /** How long the outage lasts, after the first of the requests was sent. */
  readonly outMs: number;
  /** What becomes of connect attempts that begin meanwhile, one after another. */
  readonly outcomes: readonly ("lost" | number)[];
}

function planned(seed: number): Plan {
  const random = new Prng(seed);
  return {
    http2: random.oneIn(2),
    connectMs: random.among(0, 1, 40, 150),
    firstConnectMs: random.among(0, 0, 1000, 4000),
    idleMs: random.among(0, 50, 150, 1500),
    requests: 1 + random.below(6),
    outMs: 3500 + random.below(12_000),
    outcomes: Array.from({ length: 40 }, () =>
      random.among<"lost" | number>("lost", "lost", 0, 10, 1000, 3000),
    ),
  };
}

/** When the kernel sends the packets of a connect attempt, in ms: Linux from 6.5 on. Others begin to double at once. */
const PACKETS_MS = [0, 1000, 2000, 3000, 4000, 5000, 7000, 11_000, 19_000];

/** An answer of HTTP/2: `:status: 200` of the static table, and the end of the stream. */
const answerOn = (stream: number): Uint8Array => frame(1, 5, stream, [0x88]);

function frame(type: number, flags: number, stream: number, payload: readonly number[]): Uint8Array {
  return new Uint8Array([0, 0, payload.length, type, flags, 0, 0, stream >> 8, stream & 255, ...payload]);
}

/** The streams whose request is in these bytes of a client. They begin with the preface (24 bytes) or with a frame. */
function requestsIn(bytes: Uint8Array): number[] {
  const streams: number[] = [];
  for (let at = bytes[0] === 0x50 ? 24 : 0; at + 9 <= bytes.length; ) {
    const byte = (offset: number): number => bytes[at + offset] ?? 0;
    if (byte(3) === 1) streams.push(byte(7) * 256 + byte(8));
    at += 9 + byte(0) * 65_536 + byte(1) * 256 + byte(2);
  }
  return streams;
}

/** A network that can be out. What is sent meanwhile is lost, and so is the connection that it was sent on. */
function network(plan: Plan, clock: () => MovableClock) {
  const out = { from: Infinity, to: Infinity };
  let attempts = 0;
  let failures = 0;
  const isOut = (): boolean => clock().now() >= out.from && clock().now() < out.to;
  const accept = (peer: MemoryPeer): void => {
    let isDead = false;
    if (plan.http2) peer.send(frame(4, 0, 0, []));
    peer.onData((bytes) => {
      isDead ||= isOut();
      if (isDead) return;
      if (!plan.http2) return peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
      for (const stream of requestsIn(bytes)) peer.send(answerOn(stream));
    });
  };
  const connect: MemoryOptions["connect"] = () => {
    attempts += 1;
    const now = clock().now();
    const tookMs = out.from === Infinity ? Math.max(plan.connectMs, plan.firstConnectMs) : plan.connectMs;
    if (!isOut()) return { outcome: "accept", delayMs: tookMs };
    const outcome = plan.outcomes[failures] ?? "lost";
    failures += 1;
    if (outcome !== "lost") return { outcome: "unreachable", delayMs: outcome };
    const packetMs = PACKETS_MS.find((ms) => now + ms >= out.to);
    return packetMs === undefined ? "never" : { outcome: "accept", delayMs: packetMs + tookMs };
  };
  return { out, accept, connect, attempts: () => attempts };
}

/** Sends requests while all is well. The code of HTTP/2 is loaded meanwhile, which takes turns of the real event loop. */
async function answered(
  clock: MovableClock,
  count: number,
  stepMs: number,
  get: () => Promise<number>,
): Promise<void> {
  let left = count;
  for (let index = 0; index < count; index++)
    void get().then(() => {
      left -= 1;
    });
  for (; left > 0; ) {
    await clock.advance(stepMs);
    if (left > 0) await new Promise((later) => setTimeout(later));
  }
}

/** How long after the end of an outage all must be answered, in ms: a tenth of what exceeds a minute, and 30 s at most. */
function lateMs({ outMs, connectMs }: Plan): number {
  return Math.max(1000, Math.min(30_000, (outMs - MINUTE) / 10) + 250) + 2 * connectMs;
}

/**
 * The most connect attempts: one every 750 ms in the first minute, then each after a tenth of the time beyond it, and from six minutes
 * on one every 30 s; and at most three for each request: for its doubt, for that again, and for the end of the outage.
 */
function mostAttempts({ outMs, requests }: Plan): number {
  const rarer = Math.min(Math.max((outMs - MINUTE) / 7500, 1), 40);
  const tries =
    Math.min(outMs, 67_500) / 750 +
    Math.log(rarer) / Math.log(1.1) +
    Math.max(0, outMs - 6 * MINUTE) / 30_000;
  return tries + 3 * requests + 3;
}

/** Plays a plan. Answers how long after the end of the outage each request was answered, in ms. */
async function play(plan: Plan): Promise<{ late: (number | undefined)[]; attempts: number }> {
  let clock: MovableClock | undefined;
  const now = (): MovableClock => clock ?? world.clock;
  const lab = network(plan, now);
  const http2 = plan.http2 ? "prior-knowledge" : "alpn";
  const options = { idleTimeout: "1h", headersTimeout: "2h", http2 } as const;
  const world = service(options, undefined, {
    respond: undefined,
    accept: lab.accept,
    connect: lab.connect,
    scheduler: { schedule: (ms, callback) => now().schedule(ms, callback) },
  });
  clock = world.clock;
  const get = async (): Promise<number> => {
    const response = await world.pool.request("http://a.test/");
    await response.text();
    return world.clock.now();
  };
  await answered(world.clock, plan.requests, 100, get);
  // They become idle again now.
  await answered(world.clock, plan.requests, 1, get);
  await world.clock.advance(plan.idleMs);
  [lab.out.from, lab.out.to] = [world.clock.now(), world.clock.now() + plan.outMs];
  const before = lab.attempts();
  const answeredAt: (number | undefined)[] = Array.from({ length: plan.requests });
  for (const index of answeredAt.keys())
    void get().then(
      (at) => {
        answeredAt[index] = at;
      },
      () => {},
    );
  await world.clock.advance(plan.outMs + lateMs(plan) + 2000);
  const late = answeredAt.map((at) => (at === undefined ? undefined : at - lab.out.to));
  const attempts = lab.attempts() - before;
  const closed = world.pool.close({ timeout: 0 });
  await world.clock.advance(1000);
  await closed;
  return { late, attempts };
}

async function judge(plan: Plan, name: string): Promise<void> {
  const { late, attempts } = await play(plan);
  const stuck = late.filter((ms) => ms === undefined || ms > lateMs(plan));
  assertEquals(stuck, [], `${name}: ${JSON.stringify(plan)}: ${late}`);
  assert(attempts <= mostAttempts(plan), `${name}: ${attempts} connect attempts`);
}

describe("a network that was out and is back", () => {
  it("whatever connect attempts meet meanwhile, requests are answered within a second of the end", async () => {
    for (let seed = SEED; seed < SEED + SEEDS; seed++) {
      const plan = planned(seed);
      await judge(plan, `seed ${seed}`);
    }
  });

  it("after an outage of minutes, within a tenth of what exceeds a minute, and nobody is asked all the time", async () => {
    for (let seed = SEED; seed < SEED + SEEDS / 4; seed++) {
      const random = new Prng(seed ^ 0x10_46);
      const outMs = MINUTE + random.below(random.among(1, 5, 30) * MINUTE);
      await judge({ ...planned(seed), outMs, outcomes: [] }, `seed ${seed}`);
    }
  });

  it("the first connects were slow because the program was starting: an attempt that overtakes another says enough", async () => {
    const plan = { http2: false, connectMs: 0, firstConnectMs: 4000, idleMs: 0, requests: 1, outMs: 5000 };
    const { late } = await play({ ...plan, outcomes: [] });
    assert((late[0] ?? Infinity) <= 1000, `${late[0]} ms`);
  });
});

describe("a server that is silent for a while", () => {
  /** One request that is never answered, after one that was. Each connect takes `connectMs`. */
  async function silent(connectMs: number) {
    let slow = 0;
    const clock = new MovableClock();
    const transport = memoryTransport({
      scheduler: clock,
      connect: () => ({ outcome: "accept", delayMs: connectMs }),
      accept: (peer) =>
        peer.onData((bytes) => {
          if (new TextDecoder().decode(bytes).startsWith("GET /slow")) slow += 1;
          else peer.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        }),
    });
    const events: string[] = [];
    const pool = createPool({ clock, transport, onEvent: ({ type }) => void events.push(type) });
    const first = pool.request("http://a.test/").then((response) => response.text());
    await clock.advance(connectMs);
    await first;
    void pool.request("http://a.test/slow").catch(() => {});
    return { clock, pool, events, asked: () => slow };
  }

  it("on a network on which connects take 2 s, it is asked once, and tried by two attempts at a time", async () => {
    const { clock, pool, events, asked } = await silent(2000);
    let most = 0;
    for (let ms = 0; ms < 20_000; ms += 50) {
      await clock.advance(50);
      most = Math.max(most, pool.stats().connecting);
    }
    assertEquals([asked(), most, events.includes("request.doubted")], [1, 2, false]);
    assert(pool.stats().open >= 2, "no attempt got through");
    await pool.close({ timeout: 0 });
  });

  it("while a hundred requests wait, it is tried as often as for one", async () => {
    const { clock, pool } = await silent(1);
    for (let count = 0; count < 100; count++) void pool.request("http://a.test/slow").catch(() => {});
    await clock.advance(10);
    const { opened } = pool.stats();
    await clock.advance(60_000);
    // After 3, 8, 16 and 32 s.
    assertEquals(pool.stats().opened - opened, 4);
    await pool.close({ timeout: 0 });
  });

  it("while the event loop was blocked, it is asked once: the attempt waited for the loop", async () => {
    const { clock, pool, asked } = await silent(1);
    await clock.advance(3000);
    assertEquals(pool.stats().connecting, 1);
    clock.block(2000);
    await clock.advance(1000);
    assertEquals([asked(), pool.stats().open], [1, 2]);
    await pool.close({ timeout: 0 });
  });
});
