/** A response gives the same events, or the same fault, however it is cut into packets. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutsOf, generate, mutate, Random } from "./generate.ts";
import { bytesOf, everyByte, Runner, read } from "./transcript.ts";

/** Small enough that made-up responses run into them. */
const TIGHT = {
  headBytes: 120,
  lineBytes: 30,
  headerCount: 5,
  chunkExtensionBytes: 8,
  trailerBytes: 40,
  informationalCount: 2,
};

const seeds = fc.integer();

function sampleOf(seed: number) {
  const random = new Random(seed);
  const { method, text } = generate(random);
  const limits = random.chance(0.3) ? TIGHT : {};
  return { random, method, limits, text: random.chance(0.6) ? mutate(random, text) : text };
}

describe("a response reads the same", () => {
  it("whole and byte by byte", () => {
    const holds = (seed: number): void => {
      const { method, text, limits } = sampleOf(seed);
      const whole = read(text, { method, limits });
      assertEquals(read(text, { method, limits, cuts: everyByte(text.length) }), whole, JSON.stringify(text));
    };
    fc.assert(fc.property(seeds, holds), { numRuns: 1500 });
  });

  it("whole and in any pieces", () => {
    const holds = (seed: number): void => {
      const { random, method, text, limits } = sampleOf(seed);
      const whole = read(text, { method, limits });
      for (let count = 0; count < 4; count++) {
        const cuts = cutsOf(random, text.length);
        assertEquals(read(text, { method, limits, cuts }), whole, `${JSON.stringify(text)} cut at ${cuts}`);
      }
    };
    fc.assert(fc.property(seeds, holds), { numRuns: 1000 });
  });

  it("whole and cut in two at every position", () => {
    const holds = (seed: number): void => {
      const { method, text, limits } = sampleOf(seed);
      const whole = read(text, { method, limits });
      for (const cut of everyByte(text.length)) {
        assertEquals(
          read(text, { method, limits, cuts: [cut] }),
          whole,
          `${JSON.stringify(text)} cut at ${cut}`,
        );
      }
    };
    fc.assert(fc.property(seeds, holds), { numRuns: 80 });
  });

  it("whatever bytes surround it in memory", () => {
    const holds = (seed: number): void => {
      const { method, text, limits } = sampleOf(seed);
      const cuts = everyByte(text.length);
      for (const around of [10, 13, 32, 48]) {
        assertEquals(read(text, { method, limits, around }), read(text, { method, limits }));
        assertEquals(read(text, { method, limits, around, cuts }), read(text, { method, limits }));
      }
    };
    fc.assert(fc.property(seeds, holds), { numRuns: 250 });
  });

  it("with any bytes behind it, if it is complete by itself", () => {
    const holds = (seed: number): void => {
      const { method, text, limits } = sampleOf(seed);
      const alone = read(text, { method, limits });
      if (!alone.complete || alone.endedByClose) return;
      const message = text.slice(0, alone.consumed);
      for (const surplus of ["", "\r\n", "HTTP/1.1 200 OK\r\n\r\n", "\0"]) {
        assertEquals(read(message + surplus, { method, limits }), alone);
      }
    };
    fc.assert(fc.property(seeds, holds), { numRuns: 1000 });
  });

  it("as the first and as a later response of its connection", () => {
    const holds = (first: number, second: number): void => {
      const { method, text } = sampleOf(first);
      const runner = new Runner();
      const found = runner.run(bytesOf(text), { method });
      if (found.fault !== undefined || !found.complete) return;
      const next = sampleOf(second);
      const again = runner.run(bytesOf(next.text), { method: next.method });
      assertEquals(again, read(next.text, { method: next.method }));
    };
    fc.assert(fc.property(seeds, seeds, holds), { numRuns: 1000 });
  });
});
