/** `maxRequests` over HTTP/2: a connection carries as many requests as it may, also if all are granted at once. */

import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { PATIENT } from "../support/patience.ts";

describe("maxRequests over HTTP/2", () => {
  it("is reached by POSTs that waited for the connection, and not passed", PATIENT, async () => {
    const perSession: number[] = [];
    const server = http2.createServer();
    server.on("session", (session) => {
      const index = perSession.push(0) - 1;
      session.on("stream", (stream) => {
        perSession[index] = (perSession[index] ?? 0) + 1;
        stream.respond({ ":status": 200 });
        stream.end("taken");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    const pool = createPool({ http2: "prior-knowledge", maxRequests: 4 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    // So the first connection is idle, and its next leases wait for a liveness check.
    const first = await (await pool.request(url)).text();
    const others = await Promise.all(
      Array.from({ length: 11 }, async (_, index) => {
        const response = await pool.request(url, { method: "POST", body: String(index) });
        return await response.text();
      }),
    );
    await pool.close();
    server.close();
    assertEquals([first, ...others], Array(12).fill("taken"));
    assertEquals(
      perSession.filter((count) => count > 0),
      [4, 4, 4],
    );
  });
});
