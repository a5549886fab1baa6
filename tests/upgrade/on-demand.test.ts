/** What is loaded on demand: the first proxy and the first upgrade of a program that brings its own transport. */

import { describe, it } from "node:test";
import { assertEquals, assertRejects } from "@std/assert";
import { createPool, type HoldfastError } from "../../mod.ts";
import { upgrades } from "../../src/fetch/upgrade-on-demand.ts";
import { proxies } from "../../src/proxy/dialer-of.ts";
import { memoryTransport } from "../../transports/memory.ts";

describe("the first pool with a proxy", () => {
  it("loads its code with its first request, which goes through the proxy, and its first close() waits for nothing", async () => {
    const transport = memoryTransport({
      respond: ({ path }) => ({ status: 200, body: path }),
    });
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
    assertEquals(upgrades.code, undefined);
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
