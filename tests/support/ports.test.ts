import { createServer, type Server } from "node:net";
import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { accepts, claimPort, deadPort } from "./ports.ts";

function listen(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(undefined));
    server.listen(port, "127.0.0.1", () => resolve(server));
  });
}

const close = (server: Server) => new Promise((resolve) => server.close(resolve));

describe("a claimed port", () => {
  it("is given to nobody else, and is free for TCP", async () => {
    const claims = await Promise.all(Array.from({ length: 50 }, claimPort));
    assertEquals(new Set(claims.map(({ port }) => port)).size, 50);
    const [{ port = 0 } = {}] = claims;
    const server = await listen(port);
    assert(server);
    assertEquals(await accepts(port), true);
    await close(server);
    for (const { release } of claims) await release();
  });
});

describe("a dead port", () => {
  it("refuses connections, and nobody can listen at it", async () => {
    await using dead = await deadPort();
    assertEquals([await accepts(dead.port), await listen(dead.port)], [false, undefined]);
  });
});
