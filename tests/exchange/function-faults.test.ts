/** Function faults: an error about a function of the caller says how much of the request was sent, and so does its cause. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { HoldfastError, type PoolOptions, type RequestOptions } from "../../mod.ts";
import { settled } from "../support/clock.ts";
import { service } from "../support/service.ts";

/** A signal whose `member` throws at the given use of it. */
function faulty(member: "aborted" | "addEventListener", nth: number): AbortSignal {
  let uses = 0;
  const use = (name: string): void => {
    if (name === member && ++uses === nth) throw new Error("broken");
  };
  return {
    get aborted() {
      use("aborted");
      return false;
    },
    reason: undefined,
    addEventListener: () => use("addEventListener"),
    removeEventListener: () => {},
  } as unknown as AbortSignal;
}

/** The error of one request, and those that caused it, each as its phase and what was sent. */
async function factsOf(options: PoolOptions, asked: RequestOptions = {}): Promise<string[]> {
  const made = service(options, undefined, { respond: undefined });
  const failed = made.pool.request("http://a.test/", asked).catch((error: unknown) => error);
  await settled();
  const facts: string[] = [];
  for (let error = await failed; error instanceof HoldfastError; error = error.cause)
    facts.push(`${error.code} in ${error.phase}, sent ${error.sent}`);
  await made.pool.close({ timeout: 0 });
  return facts;
}

describe("the error about a function that failed", () => {
  it("says that nothing was sent, if nothing was", async () => {
    const inQueue = "ERR_FUNCTION in queue, sent none";
    const origins = (): never => {
      throw new Error("broken");
    };
    assertEquals(await factsOf({ origins }), [inQueue, inQueue]);
    assertEquals(await factsOf({}, { signal: faulty("addEventListener", 1) }), [inQueue, inQueue]);
    assertEquals(await factsOf({}, { signal: faulty("aborted", 1) }), [inQueue]);
  });

  it("says that nothing was sent, if it was to open a connection", async () => {
    const inConnect = "ERR_FUNCTION in connect, sent none";
    const tls = (): never => {
      throw new Error("broken");
    };
    const made = service({ tls });
    const error = await made.pool.request("https://a.test/").catch((thrown: unknown) => thrown);
    if (!(error instanceof HoldfastError) || !(error.cause instanceof HoldfastError)) throw error;
    const facts = [error, error.cause].map(({ code, phase, sent }) => `${code} in ${phase}, sent ${sent}`);
    assertEquals(facts, [inConnect, inConnect]);
  });
});
