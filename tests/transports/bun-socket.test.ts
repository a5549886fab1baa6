/** Bun's socket over a scripted `Bun.connect`: what each event of the runtime becomes. The real runtime has the conformance suite. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { bunTransport } from "../../transports/bun.ts";
import { type ScriptedBunSocket, withBun } from "./scripted-bun.ts";
import { timed } from "./standing-time.ts";
import { isNode, Owner, patient, target } from "./support.ts";

const skip = !isNode && "needs a runtime without Bun's global";

interface Opened {
  readonly socket: Socket;
  readonly raw: ScriptedBunSocket<unknown>;
  readonly owner: Owner;
}

async function opened(sockets: readonly ScriptedBunSocket<unknown>[]): Promise<Opened> {
  const owner = new Owner();
  const connecting = bunTransport.connect(target(80), owner, patient);
  const raw = sockets.at(-1) as ScriptedBunSocket<unknown>;
  raw.open();
  return { socket: await connecting, raw, owner };
}

/** A socket with a request that waits for the end of the turn. */
async function holding(sockets: readonly ScriptedBunSocket<unknown>[]): Promise<Opened> {
  const others = [await opened(sockets), await opened(sockets), await opened(sockets), await opened(sockets)];
  const last = await opened(sockets);
  for (const { socket } of [...others, last]) socket.write("request");
  assertEquals(last.raw.calls, []);
  return last;
}

describe("a socket on Bun that has ended its direction", { skip }, () => {
  it("is closed when that is asked for, whether or not all was written by then, and once", () =>
    withBun(async (sockets) => {
      const { socket, raw } = await opened(sockets);
      socket.halfOpen?.();
      raw.room = 3;
      socket.write("request");
      socket.endWrites?.();
      socket.close();
      assertEquals(raw.calls, ["req"]);
      raw.drain();
      socket.close();
      assertEquals(raw.calls, ["req", "uest", "FIN"]);
      const other = await opened(sockets);
      other.socket.halfOpen?.();
      other.socket.endWrites?.();
      assertEquals(other.raw.calls, ["FIN, reads on"]);
      other.socket.close();
      other.socket.close();
      assertEquals(other.raw.calls, ["FIN, reads on", "FIN"]);
    }));
});

/** Ends of a connection, as Bun tells them, and what the handler of a request that was not written is told. */
const ENDS: Record<string, { end(raw: ScriptedBunSocket<unknown>): void; told: string }> = {
  "a FIN": { end: (raw) => raw.peerEnds(), told: "ended" },
  "a close": { end: (raw) => raw.close(), told: "ended" },
  "a close with an error": {
    end: (raw) => raw.close(Object.assign(new Error("read"), { code: "ECONNRESET" })),
    told: "reset",
  },
  "an error": {
    end: (raw) => raw.fail(Object.assign(new Error("read"), { code: "ECONNRESET" })),
    told: "reset",
  },
};

describe("a request that waits for the end of a turn on Bun", { skip }, () => {
  for (const [name, { end, told }] of Object.entries(ENDS)) {
    timed(`is dropped by ${name}, once, and is not written`, () =>
      withBun(async (sockets) => {
        const { raw, owner } = await holding(sockets);
        end(raw);
        raw.close();
        await new Promise((resolve) => setImmediate(resolve));
        assertEquals([owner.dropped, owner.ends.length, raw.calls], [[told], 1, []]);
      }),
    );
  }
});
