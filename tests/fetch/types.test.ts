/** Types: the pool's functions compile wherever the standard's are expected. */

import { describe, it } from "node:test";
import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  connectionOf,
  type FetchFunction,
  type FetchInit,
  type FetchInput,
  type Pool,
  type PoolEvent,
  type PoolResponse,
} from "../../mod.ts";
import { serving } from "./support.ts";

/** The way libraries declare their `fetch` option. */
interface Client {
  fetch?: typeof globalThis.fetch;
}

describe("pool.fetch", () => {
  it("is assignable to the standard's fetch", async () => {
    await using at = serving();
    const standard: typeof fetch = at.pool.fetch as Pool["fetch"];
    const client: Client = { fetch: at.pool.fetch };
    const narrow: (input: string, init?: RequestInit) => Promise<Response> = at.pool.fetch;
    const wide: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response> = at.pool.fetch;
    const pools: FetchFunction = at.pool.fetch;
    for (const one of [standard, client.fetch, narrow, wide, pools])
      assertStrictEquals(one as unknown, at.pool.fetch);
  });

  it("accepts the standard's arguments, and those of its own types", async () => {
    await using at = serving();
    const inputs: FetchInput[] = ["http://a.test/", new URL("http://a.test/"), { url: "http://a.test/" }];
    const init: FetchInit & RequestInit = { method: "PUT", headers: new Headers({ a: "b" }), body: "x" };
    for (const input of [...inputs, new Request("http://a.test/")]) await at.pool.fetch(input, init);
    assertEquals(at.requests.length, 4);
  });

  it("refuses wrong arguments at compile time", () => {
    const refused = (pool: Pool): unknown[] => [
      // @ts-expect-error a number is no URL
      pool.fetch(5),
      // @ts-expect-error an unknown redirect mode
      pool.fetch("http://a.test/", { redirect: "maybe" }),
      // @ts-expect-error fetch's option, not request's
      pool.request("http://a.test/", { redirect: "manual" }),
      // @ts-expect-error no unit
      pool.request("http://a.test/", { headersTimeout: "5" }),
    ];
    assertEquals(typeof refused, "function");
  });

  it("has Bun's preconnect, which opens a connection and reports no failure", async () => {
    let opened = (_event: PoolEvent): void => {};
    const first = new Promise<PoolEvent>((resolve) => {
      opened = resolve;
    });
    await using at = serving(undefined, { onEvent: (event) => opened(event) });
    const { preconnect } = at.pool.fetch;
    assertStrictEquals(preconnect("http://a.test/path"), undefined);
    assertEquals((await first).type, "connection.opened");
    const response = await at.pool.fetch("http://a.test/");
    assertEquals(connectionOf(response)?.requestNumber, 1);
    assertEquals(at.pool.stats().opened, 1);
    assertThrows(() => preconnect("nonsense"), TypeError);
    await at.pool.close();
    preconnect("http://a.test/");
  });

  it("gives a Response, and request() a PoolResponse", async () => {
    await using at = serving();
    const response: Response = await at.pool.fetch("http://a.test/");
    const poolResponse: PoolResponse = await at.pool.request("http://a.test/");
    assertEquals([response.status, poolResponse.status], [200, 200]);
  });
});
