/** Stores of learned limits that are slow, wrong or down: no request waits for them, fails, or gets another connection. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import type { LimitStore } from "../../mod.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

/** A value of a wrong type, as JavaScript may pass it. */
type Wrong = never;

const never = (): Promise<never> => new Promise(() => {});
const down = (): Promise<never> => Promise.reject(new Error("ECONNREFUSED 127.0.0.1:6379"));
const thrown = (): never => {
  throw new Error("not connected");
};
const seen = { idleMs: 1000, at: 0, watched: true, doubted: false };

const STORES: Readonly<Record<string, LimitStore>> = {
  "never answers": { get: never, set: never },
  "is down": { get: down, set: down },
  throws: { get: thrown, set: thrown },
  "says that a set failed, and nothing else": { get: () => undefined, set: down },
  "holds a text": { get: () => "OK" as Wrong, set() {} },
  "holds another format": { get: () => ({ version: 2 }) as Wrong, set() {} },
  "holds half a limit": { get: () => ({ version: 1, closes: [seen] }) as Wrong, set() {} },
  "holds a limit of NaN": {
    get: () => ({
      version: 1,
      closes: [{ ...seen, idleMs: Number.NaN }],
      workedMs: 0,
      workedAt: 0,
      burstUntil: 0,
    }),
    set() {},
  },
  "holds an endless list": {
    get: () => ({ version: 1, closes: Array(1e5).fill(seen), workedMs: 0, workedAt: 0, burstUntil: 0 }),
    set() {},
  },
  "answers with a thenable that throws": {
    // biome-ignore lint/suspicious/noThenProperty: a promise of a foreign library, gone wrong
    get: () => ({ then: thrown }) as Wrong,
    set() {},
  },
};

/** What callers see of a pool: which connections carried what, and which reasons ended them. */
async function life(store: LimitStore | undefined) {
  const { pool, clock, events, get, retired } = service(store === undefined ? {} : { learn: { store } });
  // The clock stands still: whoever waits for a store waits for ever.
  const ids = [await get(), await get(), await get("http://b.test"), await get()];
  await clock.advance(30_000);
  await settled();
  ids.push(await get(), await get());
  // The connections have been closed by then, and a store that was down is asked again.
  await clock.advance(61_000);
  await settled();
  ids.push(await get());
  const failed = events.filter(({ type }) => type === "request.failed").length;
  const { opened, retries } = pool.stats();
  await pool.close();
  return { ids, failed, opened, retries, retired: retired() };
}

describe("A store that", () => {
  for (const [what, store] of Object.entries(STORES)) {
    it(`${what} costs no request anything`, async () => {
      const [bad, none] = [await life(store), await life(undefined)];
      assertEquals(bad, none);
      assert(bad.failed === 0);
    });
  }
});
