/** Closing a pool that was never used: nothing is loaded for it, and the pool is closed all the same. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";

/** How often `action` has a pool look for the transport of its runtime: each time it reads `navigator` first. */
async function detections(action: () => Promise<unknown>): Promise<number> {
  const original = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  let count = 0;
  Object.defineProperty(globalThis, "navigator", {
    configurable: true,
    get: () => {
      count += 1;
      return undefined;
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
