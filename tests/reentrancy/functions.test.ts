/** Re-entrancy: users' functions that decide or produce bodies may abort, close or send requests when they are called. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HoldfastError, type PoolEvent, type PoolOptions } from "../../mod.ts";
import type { MemoryPeer } from "../../transports/memory.ts";
import { service } from "../support/service.ts";

const REASON = new Error("aborted in a function of the user's");

async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "resolved";
  } catch (error) {
    return error instanceof HoldfastError ? error.code : error;
  }
}

const ends = (events: readonly PoolEvent[], request: number): string[] =>
  events.flatMap((event) =>
    (event.type === "request.failed" || event.type === "request.finished") && event.request === request
      ? [event.type]
      : [],
  );

/** The `nth` request is answered by the end of its connection, all others by `ok`. */
function droppingThe(nth: number): { received(): number; accept(peer: MemoryPeer): void } {
  let received = 0;
  return {
    received: () => received,
    accept: (peer) =>
      peer.onData(() => {
        received += 1;
        if (received === nth) peer.end();
        else peer.send("HTTP/1.1 200 OK\r\nkeep-alive: timeout=60\r\ncontent-length: 2\r\n\r\nok");
      }),
  };
}

describe("an option's function that aborts the request it is asked about", () => {
  const asking: Readonly<Record<string, (first: <T>(then: T) => T) => PoolOptions>> = {
    retry: (first) => ({ retry: () => first(true) }),
    persistence: (first) => ({ persistence: () => first(true) }),
    serverHints: (first) => ({ serverHints: () => first({}) }),
  };
  for (const [name, options] of Object.entries(asking))
    it(`ends it once, and sends nothing more: ${name}`, async () => {
      const server = droppingThe(name === "retry" ? 2 : 99);
      let act = (): void => {};
      const { pool, get, events, clock } = service(
        options((then) => {
          act();
          return then;
        }),
        undefined,
        { respond: undefined, accept: server.accept },
      );
      await get();
      const controller = new AbortController();
      act = () => controller.abort(REASON);
      const made = outcomeOf(pool.request("http://a.test/", { signal: controller.signal }));
      await clock.advance(10);
      const finished = name === "serverHints";
      assertEquals(await made, finished ? "resolved" : REASON);
      assertEquals([server.received(), ends(events, 2).length], [2, 1]);
      await pool.close({ timeout: 0 });
      assertEquals([pool.stats().open, clock.timers], [0, 0]);
    });
});

describe("serverHints, asked about a connection that lingers", () => {
  it("may drain the pool", async () => {
    let act = (): void => {};
    const { pool, get, clock } = service(
      {
        serverHints() {
          act();
          return {};
        },
      },
      undefined,
      { respond: undefined, accept: droppingThe(99).accept },
    );
    act = () => pool.drain();
    // The answer comes before the request body was read, so the connection lingers.
    const body = new ReadableStream<Uint8Array>(
      {
        async pull(stream) {
          await clock.advance(0);
          stream.enqueue(new Uint8Array(10));
          stream.close();
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { "content-length": "10" };
    const answer = await pool.request("http://a.test/", { method: "POST", body, headers });
    assertEquals(await answer.text(), "ok");
    await clock.advance(2000);
    assertEquals(pool.stats().open, 0);
    assertEquals(await get(), 2);
    await pool.close();
  });
});

describe("a body that is cancelled", () => {
  it("may abort the same signal: the request fails once", async () => {
    const { pool, events, clock } = service({ headersTimeout: "1s" }, undefined, { respond: undefined });
    const controller = new AbortController();
    let cancelled = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(new Uint8Array(10)),
      cancel() {
        cancelled += 1;
        controller.abort(REASON);
      },
    });
    const made = outcomeOf(
      pool.request("http://a.test/", { method: "POST", body, signal: controller.signal, requestTimeout: 50 }),
    );
    await clock.advance(100);
    assertEquals(await made, "ERR_REQUEST_TIMEOUT");
    assertEquals([cancelled, ends(events, 1)], [1, ["request.failed"]]);
  });

  it("may close the pool, and `close` settles", async () => {
    const { pool, events, clock } = service({}, undefined, { respond: undefined });
    const controller = new AbortController();
    let closed: Promise<void> | undefined;
    const body = new ReadableStream<Uint8Array>({
      pull: (stream) => stream.enqueue(new Uint8Array(10)),
      cancel() {
        closed = pool.close({ timeout: 0 });
      },
    });
    const { signal } = controller;
    const made = outcomeOf(pool.request("http://a.test/", { method: "POST", body, signal }));
    await clock.advance(10);
    controller.abort(REASON);
    assertEquals(await made, REASON);
    await closed;
    assertEquals([pool.stats().open, ends(events, 1)], [0, ["request.failed"]]);
  });

  it("may abort when it is opened after 100 Continue, with the answer in the same packet", async () => {
    const { pool, events, clock } = service({}, undefined, {
      respond: undefined,
      accept: (peer) =>
        peer.onData(() =>
          peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"),
        ),
    });
    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>(
      { pull: () => controller.abort(REASON) },
      { highWaterMark: 0 },
    );
    const { signal } = controller;
    const headers = { expect: "100-continue" };
    const made = outcomeOf(pool.request("http://a.test/", { method: "POST", body, headers, signal }));
    await clock.advance(10);
    assertEquals([await made, ends(events, 1)], [REASON, ["request.failed"]]);
    assertEquals([pool.stats().active, pool.stats().open], [0, 0]);
  });
});

describe("a signal of the caller's own class", () => {
  const MEMBERS = ["aborted", "reason", "addEventListener", "removeEventListener"] as const;

  /** Its `nth` use of `member` throws. */
  function faulty(member: (typeof MEMBERS)[number], nth: number) {
    const controller = new AbortController();
    let uses = 0;
    const use = (name: (typeof MEMBERS)[number]): void => {
      if (name !== member) return;
      uses += 1;
      if (uses === nth) throw REASON;
    };
    const { signal } = controller;
    const own = {
      get aborted() {
        use("aborted");
        return signal.aborted;
      },
      get reason() {
        use("reason");
        return signal.reason;
      },
      addEventListener(type: "abort", listener: () => void) {
        use("addEventListener");
        signal.addEventListener(type, listener);
      },
      removeEventListener(type: "abort", listener: () => void) {
        use("removeEventListener");
        signal.removeEventListener(type, listener);
      },
    };
    return { signal: own as unknown as AbortSignal, controller, wasReached: () => uses >= nth };
  }

  /** Whether it is no error, the caller's reason, or the one about the signal in the form that the call has for all errors. */
  function isUsual(call: "request" | "fetch", error: unknown): boolean {
    if (error === undefined || error === "by the caller") return true;
    const own = call === "fetch" && error instanceof TypeError ? error.cause : error;
    const isWrapped = own !== error;
    return own instanceof HoldfastError && own.code === "ERR_FUNCTION" && isWrapped === (call === "fetch");
  }

  /** The first request is answered, or aborted. Returns whether the `nth` use was reached. */
  async function ended(
    call: "request" | "fetch",
    member: (typeof MEMBERS)[number],
    nth: number,
    aborts: boolean,
  ): Promise<boolean> {
    const { signal, controller, wasReached } = faulty(member, nth);
    let isAnswered = !aborts;
    const accept = (peer: MemoryPeer) =>
      peer.onData(() => {
        if (isAnswered) peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
        isAnswered = true;
      });
    const { pool, clock } = service({}, undefined, { respond: undefined, accept });
    let isOver = false;
    const head = pool[call]("http://a.test/", { signal });
    const failure = head.then(
      () => undefined,
      (error: unknown) => error,
    );
    void outcomeOf(head.then((answer) => answer.text())).then(() => {
      isOver = true;
    });
    await clock.advance(10);
    if (aborts) controller.abort("by the caller");
    await clock.advance(10);
    assertEquals([isOver, pool.stats().active], [true, 0], `use ${nth}, aborts: ${aborts}`);
    assertEquals(isUsual(call, await failure), true, `use ${nth}, aborts: ${aborts}`);
    isAnswered = true;
    assertEquals(await (await pool[call]("http://a.test/")).text(), "ok");
    await pool.close();
    return wasReached();
  }

  for (const member of MEMBERS) {
    for (const call of ["request", "fetch"] as const) {
      it(`may throw each time that ${call}() uses its ${member}: call and pool end`, async () => {
        let reached = 0;
        for (let nth = 1; nth <= 8; nth++) {
          for (const aborts of [false, true]) if (await ended(call, member, nth, aborts)) reached += 1;
        }
        assertEquals(reached > 0, true);
      });
    }
  }
});
