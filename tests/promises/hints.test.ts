/** Promise: the pool obeys what the server announces, with a margin. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type Answers, service } from "../support/service.ts";

const announcing =
  (value: string): Answers =>
  () => ({ body: "ok", headers: { "Keep-Alive": value } });

describe("Keep-Alive: timeout", () => {
  it("retires a second before", async () => {
    const { get, clock, retired } = service({}, announcing("timeout=5"));
    await get();
    await clock.advance(3999);
    assertEquals(await get(), 1);
    await clock.advance(4000);
    assertEquals([await get(), retired()], [2, ["hint-timeout"]]);
  });

  it("never lengthens the pool's own idleTimeout", async () => {
    const { get, clock, retired } = service({ idleTimeout: "2s" }, announcing("timeout=600"));
    await get();
    await clock.advance(2000);
    assertEquals([await get(), retired()], [2, ["idle-timeout"]]);
  });

  it("that is not longer than the margin means no reuse", async () => {
    const { get, retired } = service({}, announcing("timeout=1"));
    assertEquals([await get(), await get(), retired()], [1, 2, ["hint-timeout", "hint-timeout"]]);
  });

  it("means nothing with serverHints: ignore", async () => {
    const { get, clock } = service({ serverHints: "ignore" }, announcing("timeout=1, max=1"));
    await get();
    await clock.advance(30_000);
    assertEquals(await get(), 1);
  });

  it("that is not understood is published as an event, and the rest counts", async () => {
    const { get, clock, events, retired } = service({}, announcing("timeout=soon, timeout=5"));
    await get();
    await clock.advance(4000);
    assertEquals(retired(), ["hint-timeout"]);
    const told = events.flatMap((event) => (event.type === "hint.ignored" ? [event.value] : []));
    assertEquals(told, ["timeout=soon, timeout=5"]);
  });
});

describe("Keep-Alive: max", () => {
  it("as the number of requests left, like Apache httpd", async () => {
    const { get, retired } = service({}, ({ number }) =>
      announcing(`timeout=5, max=${3 - number}`)({} as never),
    );
    assertEquals([await get(), await get(), await get(), await get()], [1, 1, 1, 2]);
    assertEquals(retired(), ["hint-max"]);
  });

  it("as the connection's limit, like Node", async () => {
    const { get, retired } = service({}, announcing("timeout=5, max=3"));
    assertEquals([await get(), await get(), await get(), await get()], [1, 1, 1, 2]);
    assertEquals(retired(), ["hint-max"]);
  });
});

describe("Connection: close in a response", () => {
  it("is obeyed whatever serverHints says", async () => {
    const closing: Answers = () => ({ body: "ok", headers: { Connection: "close" } });
    for (const serverHints of ["honor", "ignore", () => ({})] as const) {
      const { get, retired } = service({ serverHints }, closing);
      assertEquals([await get(), await get(), retired()], [1, 2, ["peer-close", "peer-close"]]);
    }
  });
});
