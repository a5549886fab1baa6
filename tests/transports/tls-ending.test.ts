/** A TLS socket that was closed: it ends with its peer, and if the peer does not end it waits for that, but not for ever. */

import { once } from "node:events";
import type { Socket as NetSocket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { guarded, isNode, open, pattern, target, tls, tlsServer } from "./support.ts";

const LONGEST_MS = 2 ** 31 - 1;

/** Runs `during` where the time limits that it sets are all of `ms`. Told to `seen` is what they would be. */
function limited<T>(ms: number, during: () => T, seen: number[] = []): T {
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = ((callback: () => void, asked: number) => {
    seen.push(asked);
    return real(callback, ms);
  }) as typeof setTimeout;
  try {
    return during();
  } finally {
    globalThis.setTimeout = real;
  }
}

/** What is done with a socket before it is closed. */
const BEFORE: Record<string, (socket: Socket) => void> = {
  "is open": () => {},
  "has ended its direction": (socket) => {
    socket.halfOpen?.();
    socket.endWrites?.();
  },
  "was closed before": (socket) => socket.close(),
};

describe("a TLS socket on Node whose peer does not end", {
  skip: !isNode && "of Node's sockets",
}, () => {
  for (const [name, before] of Object.entries(BEFORE)) {
    it(`is destroyed a while after close(), if it ${name}`, async () => {
      await using peer = await tlsServer((socket) => socket.resume(), { allowHalfOpen: true });
      const { socket, seen } = await open(target(peer.port, { halfOpen: true, tls: tls() }));
      await peer.first();
      const native = socket.native as NetSocket;
      const gone = guarded(once(native, "close"), "the end of the socket");
      before(socket);
      limited(0, () => socket.close());
      await gone;
      assertEquals([native.destroyed, seen.ends], [true, []]);
    });
  }
});

describe("a TLS socket on Node that is closed while it is paused", {
  skip: !isNode && "of Node's sockets",
}, () => {
  it("says so at once, and is gone when its peer has ended, whatever it has not read", async () => {
    await using peer = await tlsServer((socket) => socket.resume());
    const { socket, seen } = await open(target(peer.port, { tls: tls() }));
    socket.pause();
    const remote = await peer.first();
    await new Promise((resolve) => remote.write(pattern(100_000), resolve));
    const gone = guarded(once(socket.native as NetSocket, "close"), "the end of the socket");
    limited(LONGEST_MS, () => socket.close());
    await gone;
    assertEquals([seen.length, seen.ends], [0, []]);
  });
});

describe("a TLS socket on Node that is closed while something waits for its peer", {
  skip: !isNode && "of Node's sockets",
}, () => {
  it("gives the peer six times as long", async () => {
    await using peer = await tlsServer((socket) => socket.resume());
    const limits: number[] = [];
    for (const bytes of [0, 16 * 1024 * 1024]) {
      const { socket } = await open(target(peer.port, { tls: tls() }));
      if (bytes > 0) socket.write(pattern(bytes));
      limited(LONGEST_MS, () => socket.close(), limits);
      socket.abort();
    }
    assertEquals(limits, [5000, 30_000]);
  });
});
