/** Faults: a user's function that throws or answers nonsense ends its own request, with an error that names the function. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { type Clock, createPool, HoldfastError, type Pool, type PoolOptions } from "../../mod.ts";
import type { Socket, Transport } from "../../src/contract/transport.ts";
import { checkedSocket } from "../../src/pool/connect/checked-socket.ts";
import { memoryTransport } from "../../transports/memory.ts";
import { MovableClock, settled } from "../support/clock.ts";

function boom(): never {
  throw new Error("boom");
}

/** Values that are no valid answer of any function. */
const JUNK: Readonly<Record<string, unknown>> = {
  undefined,
  null: null,
  NaN: Number.NaN,
  text: "junk",
  object: {},
  Infinity,
};

const rejecting = (): Promise<never> => Promise.reject(new Error("boom"));

async function failureOf(promise: Promise<unknown>): Promise<HoldfastError> {
  try {
    await promise;
  } catch (error) {
    assert(error instanceof HoldfastError, `not a HoldfastError: ${String(error)}`);
    return error;
  }
  throw new Error("It did not fail");
}

interface World {
  readonly pool: Pool;
  readonly clock: MovableClock;
}

function world(spoil: (clock: MovableClock, transport: Transport) => PoolOptions): World {
  const clock = new MovableClock();
  const transport = memoryTransport({ respond: () => ({ body: "ok" }) });
  return { pool: createPool({ clock, transport, ...spoil(clock, transport) }), clock };
}

/** One request fails in a way that names the function; the pool closes, and nothing is left. */
async function names(name: string, { pool, clock }: World): Promise<void> {
  const failed = failureOf(pool.request("http://a.test/"));
  await clock.advance(1);
  const error = await failed;
  assert(error.message.includes(name), `${error.message} does not name ${name}`);
  await pool.close({ timeout: 0 });
  assertEquals([pool.stats().open, pool.stats().queued], [0, 0]);
}

describe("random", () => {
  for (const [what, random] of Object.entries({
    throws: boom,
    rejects: rejecting as unknown as () => number,
    ...Object.fromEntries(Object.entries(JUNK).map(([junk, value]) => [junk, () => value as number])),
  }))
    it(`that goes wrong fails the connect attempt, and leaves nothing open: ${what}`, async () => {
      const transport = memoryTransport({ respond: () => ({ body: "ok" }) });
      await names(
        "random",
        world(() => ({ random, transport })),
      );
      assertEquals(
        transport.peers.map(({ state }) => state),
        ["aborted"],
      );
    });

  it("that goes wrong fails a preconnect", async () => {
    const { pool, clock } = world(() => ({ random: boom }));
    const failed = failureOf(pool.preconnect("http://a.test"));
    await clock.advance(1);
    assertEquals((await failed).code, "ERR_FUNCTION");
    await pool.close();
  });
});

describe("a clock", () => {
  const spoilt = (clock: Clock, part: Partial<Record<keyof Clock, unknown>>): Clock =>
    ({
      now: () => clock.now(),
      wall: () => clock.wall(),
      schedule: (ms: number, then: () => void) => clock.schedule(ms, then),
      turn: (then: () => void) => clock.turn(then),
      ...part,
    }) as Clock;

  for (const name of ["now", "wall", "schedule"] as const) {
    const ways: Record<string, unknown> = { throws: boom, rejects: rejecting };
    for (const [what, value] of Object.entries(JUNK)) ways[what] = () => value;
    for (const [what, wrong] of Object.entries(ways))
      it(`whose ${name} goes wrong ends the request: ${what}`, async () => {
        await names(
          `clock.${name}`,
          world((clock) => ({ clock: spoilt(clock, { [name]: wrong }) })),
        );
      });
  }

  it("that goes wrong once ends what is under way, sends nothing, and is used again", async () => {
    let wrong = false;
    const { pool, clock } = world((inner) => ({
      clock: spoilt(inner, { now: () => (wrong ? Number.NaN : inner.now()) }),
    }));
    assertEquals((await pool.request("http://a.test/")).status, 200);
    wrong = true;
    const failed = failureOf(pool.request("http://a.test/", { method: "POST", body: "x" }));
    wrong = false;
    const error = await failed;
    assertEquals([error.code, error.sent, error.phase], ["ERR_FUNCTION", "none", "queue"]);
    assertEquals((await pool.request("http://a.test/")).status, 200);
    await pool.close();
    assertEquals([pool.stats().open, clock.timers], [0, 0]);
  });

  it("that goes wrong while a pool closes cuts off the rest", async () => {
    const clock = new MovableClock();
    let wrong = false;
    const pool = createPool({
      clock: spoilt(clock, { now: () => (wrong ? boom() : clock.now()) }),
      transport: memoryTransport({ accept: () => {} }),
    });
    const failed = failureOf(pool.request("http://a.test/"));
    await clock.advance(1);
    wrong = true;
    await pool.close({ timeout: Infinity });
    assertEquals([(await failed).code, pool.stats().open], ["ERR_FUNCTION", 0]);
  });

  it("whose turn goes wrong delays no request", async () => {
    const { pool, clock } = world((inner) => ({ clock: spoilt(inner, { turn: boom }) }));
    const outcome = pool.request("http://a.test/").then(
      () => "done",
      (error: HoldfastError) => error.code,
    );
    await clock.advance(1);
    assert(["done", "ERR_FUNCTION"].includes(await outcome));
    await pool.close({ timeout: 0 });
  });
});

describe("a transport", () => {
  for (const [what, answer] of Object.entries({
    ...JUNK,
    "a socket without close": { write() {}, abort() {} },
  }))
    for (const resolve of [undefined, () => ["10.0.0.1"]]) {
      const through = resolve === undefined ? "directly" : "by an address";
      it(`that connects ${through} with junk fails the connect attempt: ${what}`, async () => {
        const connect = async () => answer as unknown as Socket;
        const options = resolve === undefined ? {} : { resolve };
        await names(
          "transport.connect",
          world((_, inner) => ({ ...options, transport: { ...inner, connect } })),
        );
      });
    }

  for (const [via, resolve] of [
    ["directly", undefined],
    ["by a name", () => ["192.0.2.1"]],
  ] as const)
    for (const method of ["write", "pause", "resume", "ref", "setHandler", "close", "abort"] as const)
      it(`whose socket, connected ${via}, has no ${method} fails the connect attempt`, async () => {
        const connect: Transport["connect"] = async (...given) =>
          ({ ...(await inner.connect(...given)), [method]: undefined }) as unknown as Socket;
        const inner = memoryTransport({ respond: () => ({ body: "ok" }) });
        const options = resolve === undefined ? {} : { resolve };
        await names(
          "transport.connect",
          world(() => ({ ...options, transport: { ...inner, connect } })),
        );
      });

  for (const [what, connect] of Object.entries<() => unknown>({
    throws: boom,
    "answers no promise": () => "junk",
  }))
    it(`that ${what} fails the connect attempt`, async () => {
      const wrong = connect as unknown as Transport["connect"];
      await names(
        "transport.connect",
        world((_, inner) => ({ transport: { ...inner, connect: wrong } })),
      );
    });

  for (const method of ["write", "pause", "resume", "ref", "close", "abort"] as const)
    it(`whose sockets throw in ${method} breaks nothing but the connection`, async () => {
      const { pool, clock } = world((_, inner) => ({
        transport: {
          ...inner,
          connect: async (...given) => ({ ...(await inner.connect(...given)), [method]: boom }),
        },
      }));
      const outcome = pool.request("http://a.test/", { method: "POST", body: "x" }).then(
        (response) => response.text(),
        (error: HoldfastError) => error.message,
      );
      await clock.advance(1);
      const got = await outcome;
      assert(got === "ok" || got.includes(`${method}() threw`), got);
      await pool.close({ timeout: 0 });
      assertEquals(pool.stats().open, 0);
    });

  it("whose socket throws in abort has it closed instead", () => {
    const closed: string[] = [];
    const bad = { applied: {}, abort: boom, close: () => void closed.push("closed") };
    const others = { write: boom, pause: boom, resume: boom, ref: boom, setHandler: boom };
    checkedSocket({ ...others, ...bad }, { data() {}, drain() {}, closed() {} }).abort();
    assertEquals(closed, ["closed"]);
  });
});

describe("resolve", () => {
  const ways: Record<string, unknown> = { throws: boom, rejects: rejecting };
  for (const [what, value] of Object.entries(JUNK)) ways[what] = () => value;
  for (const [what, resolve] of Object.entries(ways))
    it(`that goes wrong fails the connect attempt: ${what}`, async () => {
      await names(
        "resolve",
        world(() => ({ resolve: resolve as () => string[] })),
      );
    });

  it("may close the pool, or send a request to the same name, in its call", async () => {
    let inner: Promise<unknown> | undefined;
    let closing: Promise<void> | undefined;
    const made: World = world(() => ({
      resolve() {
        if (inner === undefined) inner = made.pool.request("http://a.test/").catch((error) => error.code);
        else closing = made.pool.close({ timeout: 0 });
        return ["10.0.0.1"];
      },
    }));
    const outer = made.pool.request("http://a.test/").catch((error) => error.code);
    await made.clock.advance(1);
    assertEquals(await outer, await outer);
    await inner;
    await closing;
    await made.pool.close({ timeout: 0 });
    assertEquals(made.pool.stats().open, 0);
  });
});

describe("a store of learned limits", () => {
  const ways: Record<string, unknown> = { throws: boom, rejects: rejecting };
  for (const [what, value] of Object.entries(JUNK)) ways[what] = () => value;
  for (const [what, get] of Object.entries(ways))
    it(`whose get goes wrong fails no request: ${what}`, async () => {
      const store = { get: get as () => undefined, set: boom };
      const { pool } = world(() => ({ learn: { store } }));
      assertEquals((await pool.request("http://a.test/")).status, 200);
      await settled();
      const errors = ["undefined", "null"].includes(what) ? 0 : 1;
      assertEquals(pool.stats().storeErrors, errors);
      await pool.close();
    });
});

describe("a function that decides", () => {
  for (const name of ["retry", "persistence", "serverHints"] as const)
    it(`and is async counts as no, and its rejection does not end the process: ${name}`, async () => {
      const { pool, clock } = world(() => ({ [name]: rejecting }) as PoolOptions);
      assertEquals(await (await pool.request("http://a.test/")).text(), "ok");
      await clock.advance(1);
      assertEquals(pool.stats().idle, name === "persistence" ? 0 : 1);
      await pool.close();
    });
});
