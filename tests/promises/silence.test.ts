/** Promise: connections that die without a word cost the first requests little, later ones nothing, and execute nothing twice. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { MemoryPeer } from "../../transports/memory.ts";
import { type Service, service } from "../support/service.ts";

const URL = "http://a.test/";
const decoder = new TextDecoder();
/** As in src/rules/learned-limit.ts. */
const FOUND_TOGETHER_MS = 1000;

/** What came of a run. */
interface Outcome {
  readonly world: Service;
  /** Numbers of the requests that were in doubt. */
  readonly doubted: number[];
  /** The first of those that were found dead at one moment: they count as one death (law 7 of the learned limit). */
  readonly deaths: number[];
  readonly failed: number;
  /** How often each POST was executed. */
  readonly posts: ReadonlyMap<string, number>;
}

/** Sends requests one after another, after these idle times, through a box that forgets connections after `forgetsMs`. */
async function run(forgetsMs: number, gapsMs: readonly number[], posts: boolean): Promise<Outcome> {
  const executed = new Map<string, number>();
  const seenAt = new Map<number, number>();
  const doubted: number[] = [];
  const deaths: number[] = [];
  let foundAt = -Infinity;
  const accept = (peer: MemoryPeer): void => {
    seenAt.set(peer.id, world.clock.now());
    peer.onData((bytes) => {
      const now = world.clock.now();
      // What a forgotten connection is sent goes nowhere, and so does what follows.
      if (now - (seenAt.get(peer.id) ?? 0) > forgetsMs) return void seenAt.set(peer.id, -Infinity);
      seenAt.set(peer.id, now);
      const [method = "", path = ""] = decoder.decode(bytes).split(" ");
      if (method === "POST") executed.set(path, (executed.get(path) ?? 0) + 1);
      peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
    });
  };
  const world: Service = service({ idleTimeout: "1h", headersTimeout: "10s" }, undefined, {
    respond: undefined,
    accept,
  });
  let failed = 0;
  let number = 0;
  world.pool.subscribe((event) => {
    if (event.type !== "request.doubted") return;
    doubted.push(number);
    if (world.clock.now() - foundAt <= FOUND_TOGETHER_MS) return;
    foundAt = world.clock.now();
    deaths.push(number);
  });
  for (const gapMs of gapsMs) {
    await world.clock.advance(gapMs);
    number += 1;
    const method = posts && number % 3 === 0 ? "POST" : "GET";
    let isOver = false;
    const asked = world.pool.request(`${URL}${number}`, method === "POST" ? { method, body: "x" } : {}).then(
      (response) => response.text(),
      () => {
        failed += 1;
      },
    );
    void asked.finally(() => {
      isOver = true;
    });
    await world.clock.advance(0);
    for (; !isOver; ) await world.clock.advance(100);
  }
  return { world, doubted, deaths, failed, posts: executed };
}

/** Mostly busy, with pauses that a box may not survive. */
const someGaps = (forgetsMs: number, count: number) =>
  fc.array(
    fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom(0, 1, 20) },
      { weight: 1, arbitrary: fc.integer({ min: Math.ceil(forgetsMs / 4), max: 3 * forgetsMs }) },
    ),
    { minLength: count, maxLength: count },
  );

describe("a box in between that forgets idle connections without a word", () => {
  it("after the third silent death of an origin no request stalls, among the next 1,000", async () => {
    const law = fc.asyncProperty(
      fc
        .integer({ min: 400, max: 4000 })
        .chain((forgetsMs) => fc.tuple(fc.constant(forgetsMs), someGaps(forgetsMs, 1200))),
      async ([forgetsMs, gapsMs]) => {
        const { doubted, deaths, failed } = await run(forgetsMs, gapsMs, false);
        assertEquals(failed, 0);
        const third = deaths[2];
        if (third === undefined) return;
        assertEquals(
          doubted.filter((number) => number > third && number <= third + 1000),
          [],
        );
      },
    );
    await fc.assert(law, { numRuns: 2, endOnFailure: true });
  });

  it("no POST is executed twice, no GET fails, and what is sent twice stays within the budget", async () => {
    const law = fc.asyncProperty(
      fc
        .integer({ min: 2500, max: 20_000 })
        .chain((forgetsMs) => fc.tuple(fc.constant(forgetsMs), someGaps(forgetsMs, 300))),
      async ([forgetsMs, gapsMs]) => {
        const { doubted, failed, posts, world } = await run(forgetsMs, gapsMs, true);
        // Beyond `unsafeReuse` (2 s) a POST takes no connection that is not proven.
        assertEquals(failed, 0);
        assert([...posts.values()].every((times) => times === 1));
        assert(doubted.length <= 10 + 0.05 * gapsMs.length);
        assertEquals(world.pool.stats().retries, doubted.length);
      },
    );
    await fc.assert(law, { numRuns: 4, endOnFailure: true });
  });
});

describe("a connect attempt that hangs while another one succeeds", () => {
  for (const slowMs of [100, 60_000]) {
    it(`is waited for by nobody, where the connection that got through is busy for ${slowMs} ms`, async () => {
      let attempts = 0;
      const connect = (): "accept" | "never" => {
        attempts += 1;
        return attempts === 2 ? "never" : "accept";
      };
      const accept = (peer: MemoryPeer): void => {
        peer.onData((bytes) => {
          const ms = decoder.decode(bytes).startsWith("GET /slow") ? slowMs : 0;
          world.clock.schedule(ms, () => peer.send("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"));
        });
      };
      const world: Service = service({}, undefined, { respond: undefined, accept, connect });
      const first = world.pool.request(`${URL}1`).then((response) => response.text());
      await world.clock.advance(10);
      await first;
      const since = world.clock.now();
      let tookMs = Infinity;
      void world.pool.request(`${URL}slow`).then((response) => response.text());
      void world.pool.request(`${URL}2`).then(() => {
        tookMs = world.clock.now() - since;
      });
      for (let ms = 0; ms < 2000; ms += 10) await world.clock.advance(10);
      assert(tookMs <= Math.min(slowMs, 1000) + 20, `${tookMs} ms`);
      await world.clock.advance(60_000);
      await world.pool.close({ timeout: 0 });
    });
  }
});
