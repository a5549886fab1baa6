/** A TLS socket that was closed and whose peer does not end: it waits for the peer's close_notify, but not for ever. */

import { once } from "node:events";
import type { Socket as NetSocket } from "node:net";
import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { guarded, isNode, open, target, tls, tlsServer } from "./support.ts";

/** Runs `during` where the time limits that it sets have passed in the next turn. */
function hurried<T>(during: () => T): T {
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = ((callback: () => void) => real(callback, 0)) as typeof setTimeout;
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
      hurried(() => socket.close());
      await gone;
      assertEquals([native.destroyed, seen.ends], [true, []]);
    });
  }
});
