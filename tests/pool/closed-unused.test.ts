/** Closing a pool that has no transport, because it was never used or none could be loaded: it is closed all the same. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";

/** How often `action` has a pool look for the transport of its runtime: each time it reads `navigator` first. */
async function detections(action: () => Promise<unknown>, userAgent?: string): Promise<number> {
  const original = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  let count = 0;
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    get: () => {
      count += 1;
      return { userAgent };
    },
  });
  try {
    await action();
  } finally {
    if (original === undefined) Reflect.deleteProperty(globalThis, "navigator");
    else Object.defineProperty(globalThis, "navigator", original);
  }
  return count;
}

/** On workerd there is no transport: loading it fails. */
const NONE = "Cloudflare-Workers";

async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  const error = await promise.catch((reason: unknown) => reason);
  const { cause } = Object(error) as { cause?: unknown };
  const found = error instanceof HoldfastError ? error : cause;
  return found instanceof HoldfastError ? found.code : undefined;
}

describe("a pool that was never used", () => {
  it("loads no transport when it is closed", async () => {
    const closed = await detections(async () => {
      await createPool().close();
      await createPool().close({ timeout: Infinity });
      await createPool()[Symbol.asyncDispose]();
    });
    assertEquals(closed, 0);
    const used = await detections(() =>
      createPool({ connectTimeout: 1 })
        .preconnect("http://192.0.2.1")
        .catch(() => {}),
    );
    assertEquals(used, 1, "this test would see a transport being loaded");
  });

  it("refuses every request once it is closed", async () => {
    for (const ask of ["request", "fetch", "preconnect"] as const) {
      const pool = createPool();
      await pool.close();
      const refused = await Promise.all([
        codeOf(pool[ask]("http://server.test/")),
        codeOf(pool[ask]("http://server.test/")),
      ]);
      assertEquals(refused, ["ERR_POOL_CLOSED", "ERR_POOL_CLOSED"], ask);
      assertEquals(pool.stats().opened, 0);
      await pool.close();
    }
  });

  it("refuses a request that follows close() at once", async () => {
    const pool = createPool();
    const closed = pool.close();
    assertEquals(await codeOf(pool.request("http://server.test/")), "ERR_POOL_CLOSED");
    await closed;
  });
});

describe("a pool whose transport fails to load while it is closed", () => {
  for (const ask of ["request", "fetch", "preconnect"] as const) {
    it(`is closed, and has nothing open: ${ask}()`, async () => {
      const pool = createPool();
      const tries = await detections(async () => {
        const asked = pool[ask]("http://server.test/").catch((error: unknown) => error);
        const closed = Promise.all([pool.close(), pool.close({ timeout: Infinity })]);
        assert((await asked) instanceof TypeError);
        await closed;
      }, NONE);
      assertEquals(tries, 1);
      assertEquals(await codeOf(pool[ask]("http://server.test/")), "ERR_POOL_CLOSED");
      const { open, connecting, queued, opened } = pool.stats();
      assertEquals([open, connecting, queued, opened], [0, 0, 0, 0]);
    });
  }
});
