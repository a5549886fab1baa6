/** What is loaded on demand: the first proxy and the first upgrade of a program that brings its own transport. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import type { OnDemand } from "../../src/contract/on-demand.ts";
import { upgrades } from "../../src/fetch/upgrade-on-demand.ts";
import { proxies } from "../../src/proxy/dialer-of.ts";
import { memoryTransport } from "../../transports/memory.ts";

/** As if nothing had been loaded: Bun runs several files of tests in one process. */
async function forget<Code>(part: OnDemand<Code>): Promise<void> {
  const code = await part.load();
  const load = async (): Promise<Code> => {
    part.code = code;
    return code;
  };
  Object.assign(part, { code: undefined, load });
}

describe("the first pool with a proxy", () => {
  it("loads its code with its first request, which goes through the proxy, and its first close() waits for nothing", async () => {
    const transport = memoryTransport({
      respond: ({ path }) => ({ status: 200, body: path }),
    });
    await forget(proxies);
    const unused = createPool({ transport, proxy: "http://proxy.test:3128" });
    await unused.close();
    assertEquals(proxies.code, undefined);
    await using pool = createPool({ transport, proxy: "http://proxy.test:3128" });
    assertEquals(pool.stats().open, 0);
    const requests = [pool.request("http://a.test/1"), pool.fetch("http://a.test/2")];
    const texts = await Promise.all(requests.map(async (response) => (await response).text()));
    assertEquals(texts, ["http://a.test/1", "http://a.test/2"]);
    assertEquals(transport.peers[0]?.target.hostname, "proxy.test");
    assertEquals(proxies.code === undefined, false);
  });
});

describe("the first upgrade", () => {
  it("is asked for as the arguments were in the call", async () => {
    const seen: unknown[] = [];
    const transport = memoryTransport({
      respond: ({ path, headers }) => {
        seen.push([path, headers.get("x-first"), headers.get("upgrade")]);
        return { status: 200, body: "no" };
      },
    });
    await using pool = createPool({ transport });
    await forget(upgrades);
    const url = new URL("http://a.test/asked");
    const headers = new Headers({ "x-first": "yes" });
    const asking = pool.upgrade(url, { protocol: "raw", headers });
    url.pathname = "/changed";
    headers.set("x-first", "no");
    const response = await asking;
    assertEquals([response.status, await response.text(), response.socket], [200, "no", undefined]);
    assertEquals(seen, [["/asked", "yes", "raw"]]);
  });

  it("refuses wrong arguments as later ones do", async () => {
    await using pool = createPool({ transport: memoryTransport() });
    await assertRejects(
      () => pool.upgrade("http://a.test/", undefined as never),
      TypeError,
      "upgrade needs options",
    );
    await assertRejects(() => pool.upgrade("http://a.test/", {}), TypeError, "protocol must name");
    const error = (await assertRejects(() =>
      pool.upgrade("ftp://a.test/", { protocol: "raw" }),
    )) as HoldfastError;
    assertEquals(error instanceof Error, true);
  });
});

describe("code that cannot be loaded", () => {
  /** Breaks what is loaded on demand, until the function returned is called. */
  function broken(part: { load(): Promise<unknown>; code: unknown }): () => void {
    const [code, error] = [
      part.code,
      new HoldfastError({ code: "ERR_CONNECT", phase: "connect", message: "gone" }),
    ];
    Object.assign(part, { code: undefined, load: () => Promise.reject(error) });
    return () => {
      Reflect.deleteProperty(part, "load");
      part.code = code;
    };
  }
  const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => "answered",
      (error) => error.code ?? error.cause.code,
    );

  it("ends the request with a typed error, and the next one tries again", async () => {
    const transport = memoryTransport({ respond: () => ({ status: 200, body: "ok" }) });
    await using pool = createPool({ transport });
    await using proxied = createPool({ transport, proxy: "http://proxy.test:3128" });
    const mends = [broken(proxies), broken(upgrades)];
    const late = createPool({ transport, proxy: "http://proxy.test:3128" });
    const upgrading = (): Promise<unknown> => pool.upgrade("http://a.test/", { protocol: "raw" });
    assertEquals(await codeOf(late.request("http://a.test/")), "ERR_CONNECT");
    assertEquals(await codeOf(late.fetch("http://a.test/")), "ERR_CONNECT");
    assertEquals(await codeOf(upgrading()), "ERR_CONNECT");
    for (const mend of mends) mend();
    assertEquals(await codeOf(late.request("http://a.test/")), "answered");
    assertEquals(await codeOf(upgrading()), "answered");
    assertEquals(await codeOf(proxied.request("http://a.test/")), "answered");
    await late.close();
  });
});
