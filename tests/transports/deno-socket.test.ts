/** Deno's socket over a scripted `Deno.connect`: what each event of the runtime becomes. The real runtime has the conformance suite. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket } from "../../src/contract/transport.ts";
import { denoTransport } from "../../transports/deno.ts";
import { type ScriptedDenoConn, withDeno } from "./scripted-deno.ts";
import { timed, work } from "./standing-time.ts";
import { isNode, Owner, patient, settled, target } from "./support.ts";

const skip = !isNode && "needs a runtime without Deno's global";
const RESET = Object.assign(new Error("reset"), { code: "ECONNRESET" });

interface Opened {
  readonly socket: Socket;
  readonly conn: ScriptedDenoConn;
  readonly owner: Owner;
}

async function opened(conns: readonly ScriptedDenoConn[]): Promise<Opened> {
  const owner = new Owner();
  const socket = await denoTransport.connect(target(80), owner, patient);
  await settled();
  return { socket, conn: conns.at(-1) as ScriptedDenoConn, owner };
}

/** A socket with a request that waits until the loop has polled, because others began first and took long. */
async function holding(conns: readonly ScriptedDenoConn[]): Promise<Opened> {
  const others: Opened[] = [];
  while (others.length < 4) others.push(await opened(conns));
  const last = await opened(conns);
  last.socket.write("before");
  await settled();
  last.conn.calls.length = 0;
  for (const { socket } of [...others, last]) socket.write("request");
  work();
  await settled();
  assertEquals(last.conn.calls, []);
  return last;
}

describe("a connection on Deno that has ended its direction", { skip }, () => {
  it("is closed when that is asked for, and once", () =>
    withDeno(async (conns) => {
      const { socket, conn } = await opened(conns);
      socket.halfOpen?.();
      socket.endWrites?.();
      await settled();
      assertEquals(conn.calls, ["FIN"]);
      socket.close();
      await settled();
      socket.close();
      socket.endWrites?.();
      await settled();
      assertEquals(conn.calls, ["FIN", "FIN", "close"]);
    }));

  it("is closed after what was being written", () =>
    withDeno(async (conns) => {
      const { socket, conn } = await opened(conns);
      conn.isFull = true;
      socket.write("request");
      socket.halfOpen?.();
      socket.endWrites?.();
      socket.close();
      socket.endWrites?.();
      await settled();
      assertEquals(conn.calls, ["request"]);
      conn.wrote();
      await settled();
      assertEquals(conn.calls, ["request", "FIN", "close"]);
    }));
});

/** Ends of a connection, as Deno tells them, and what the owner of a request that was not written is told. */
const ENDS: Record<string, { end(conn: ScriptedDenoConn): void; told: string }> = {
  "a FIN": { end: (conn) => conn.peerEnds(), told: "ended" },
  "a reset": { end: (conn) => conn.fail(RESET), told: "reset" },
};

describe("a request that waits for others on Deno", { skip }, () => {
  for (const [name, { end, told }] of Object.entries(ENDS)) {
    timed(`is dropped by ${name}, once, and is not written`, () =>
      withDeno(async (conns) => {
        const { conn, owner } = await holding(conns);
        end(conn);
        for (let count = 0; count < 400; count++) await new Promise((resolve) => setImmediate(resolve));
        assertEquals([owner.dropped, owner.ends.length, conn.calls], [[told], 1, ["close"]]);
      }),
    );
  }
});
