/** Limits of Bun.serve that `keepAlive()` lifts. The server is a fake, so that nothing takes ten seconds. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { systemClock } from "../../../src/contract/clock.ts";
import { bunAdapter } from "../../../src/inbound/bun-adapter.ts";

function bunServer(peer: { address: string; port: number }) {
  const timeouts: number[] = [];
  return {
    timeouts,
    port: 80,
    requestIP: () => peer,
    timeout: (_: Request, seconds: number) => void timeouts.push(seconds),
  };
}

describe("Bun's idle timeout, which also ends handlers that take longer than 10 s,", () => {
  const request = new Request("http://a.test/");

  it("is lifted while a handler works", () => {
    const server = bunServer({ address: "127.0.0.1", port: 5000 });
    bunAdapter(server, request, systemClock)?.requestStarted(() => {});
    assertEquals(server.timeouts, [0]);
  });
});
