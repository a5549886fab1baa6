/** Deno's socket over a scripted `Deno.connect`: what each event of the runtime becomes. The real runtime has the conformance suite. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket, Target } from "../../src/contract/transport.ts";
import { denoTransport } from "../../transports/deno.ts";
import { type ScriptedDenoConn, ScriptedDenoTls, withDeno } from "./scripted-deno.ts";
import { timed, work } from "./standing-time.ts";
import { isNode, Owner, patient, settled, target, tls } from "./support.ts";

const skip = !isNode && "needs a runtime without Deno's global";
const RESET = Object.assign(new Error("reset"), { code: "ECONNRESET" });

interface Opened {
  readonly socket: Socket;
  readonly conn: ScriptedDenoConn;
  readonly owner: Owner;
}

async function opened(conns: readonly ScriptedDenoConn[], more: Partial<Target> = {}): Promise<Opened> {
  const owner = new Owner();
  const connecting = denoTransport.connect(target(80, more), owner, patient);
  await settled();
  const conn = conns.at(-1);
  if (conn instanceof ScriptedDenoTls) conn.shake();
  const socket = await connecting;
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

describe("a connection on Deno that nobody waits for", { skip }, () => {
  for (const how of ["is left", "is paused", "is aborted", "ends"] as const)
    it(`is unref'd only when another one ${how} that somebody waited for`, () =>
      withDeno(async (conns) => {
        const [left, other] = [await opened(conns), await opened(conns)];
        other.socket.ref(true);
        left.socket.ref(false);
        await settled();
        assertEquals(left.conn.calls, []);
        if (how === "is left") other.socket.ref(false);
        else if (how === "is aborted") other.socket.abort();
        else if (how === "ends") other.conn.peerEnds();
        else {
          other.socket.pause();
          other.conn.receive("which fills a queue");
        }
        await settled();
        assertEquals(left.conn.calls, ["unref"]);
      }));
});

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

  it("reads on, though that is asked for twice", () =>
    withDeno(async (conns) => {
      const { socket, conn, owner } = await opened(conns);
      socket.halfOpen?.();
      for (let count = 0; count < 2; count++) {
        socket.endWrites?.();
        await settled();
      }
      conn.receive("more");
      await settled();
      assertEquals([conn.calls, owner.text, owner.ends], [["FIN"], "more", []]);
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

/** A test of a connection that has just been opened. */
function opening(name: string, test: (opened: Opened) => Promise<void>, more?: Partial<Target>): void {
  it(name, () => withDeno(async (conns) => test(await opened(conns, more))));
}

describe("an attempt to connect on Deno", { skip }, () => {
  it("closes the connection if it is aborted during the handshake", () =>
    withDeno(async (conns) => {
      const aborting = new AbortController();
      const connecting = denoTransport.connect(target(80, { tls: tls() }), new Owner(), aborting.signal);
      await settled();
      aborting.abort("for a reason");
      const [, secure] = conns as [ScriptedDenoConn, ScriptedDenoTls];
      assertEquals(secure.calls, ["close"]);
      secure.shake();
      await connecting.catch(() => {});
      assertEquals(secure.calls, ["close"]);
    }));

  it("leaves nothing of its signal to the open connection", () =>
    withDeno(async (conns) => {
      const aborting = new AbortController();
      const connecting = denoTransport.connect(target(80, { tls: tls() }), new Owner(), aborting.signal);
      await settled();
      const [, secure] = conns as [ScriptedDenoConn, ScriptedDenoTls];
      secure.shake();
      await connecting;
      aborting.abort();
      assertEquals(secure.calls, []);
    }));
});

describe("an open connection on Deno", { skip }, () => {
  opening("reads nothing more while it is paused, and on when it is resumed", async (open) => {
    const { socket, conn, owner } = open;
    socket.pause();
    conn.receive("early");
    await settled();
    assertEquals([owner.text, conn.isRead], ["", false]);
    socket.resume();
    await settled();
    assertEquals([owner.text, conn.isRead], ["early", true]);
  });

  opening("tells what could not be written at once, when there is room", async ({ socket, conn, owner }) => {
    conn.isFull = true;
    assertEquals([socket.write("head", new Uint8Array(70_000)), socket.allWritten], [false, false]);
    for (let count = 0; count < 2; count++) {
      assertEquals(owner.drains, 0);
      conn.wrote();
      await settled();
    }
    assertEquals([owner.drains, socket.allWritten], [1, true]);
  });

  opening("keeps the process alive while somebody waits, and is told so late", async ({ socket, conn }) => {
    socket.ref(false);
    socket.ref(true);
    await settled();
    assertEquals(conn.calls, []);
    socket.ref(false);
    assertEquals(conn.calls, []);
    await settled();
    socket.ref(true);
    assertEquals(conn.calls, ["unref", "ref"]);
    socket.ref(false);
    await settled();
    assertEquals(conn.calls, ["unref", "ref", "unref"]);
  });

  for (const how of ["close", "abort"] as const) {
    opening(`is over after ${how}()`, async ({ socket, conn, owner }) => {
      socket[how]();
      conn.receive("too late");
      await settled();
      assertEquals([conn.calls.at(-1), conn.isRead, owner.text, owner.ends], ["close", false, "", []]);
    });
  }

  opening(
    "sends what waits when it is closed, though its peer ends first",
    async ({ socket, conn, owner }) => {
      conn.isFull = true;
      socket.write("head", new Uint8Array(70_000));
      socket.close();
      conn.peerEnds();
      for (let count = 0; count < 2; count++) {
        await settled();
        conn.wrote();
      }
      await settled();
      assertEquals([conn.calls.length, ...conn.calls.slice(2), owner.ends], [4, "FIN", "close", []]);
    },
  );

  opening("writes nothing more after abort()", async ({ socket, conn }) => {
    conn.isFull = true;
    socket.write("head", new Uint8Array(70_000));
    socket.abort();
    await settled();
    assertEquals(conn.calls, ["head", "close"]);
  });

  opening("whose write was reset reads what had come before, and tells the end once", async (open) => {
    const { socket, conn, owner } = open;
    conn.isFull = true;
    socket.write("head", new Uint8Array(10));
    conn.refuse(RESET);
    await settled();
    assertEquals(owner.ends, []);
    conn.receive("the answer");
    await settled();
    conn.peerEnds(); // Deno 2.9 reports the read after a reset as a FIN
    await settled();
    const kinds = owner.ends.map((error) => error?.kind);
    assertEquals([owner.text, kinds, conn.calls.at(-1)], ["the answer", ["reset"], "close"]);
  });

  opening("whose write failed otherwise is over", async ({ socket, conn, owner }) => {
    conn.isFull = true;
    socket.write("head", new Uint8Array(10));
    conn.refuse(Object.assign(new Error("gone"), { code: "EBADF" }));
    await settled();
    assertEquals([owner.ends.length, conn.calls.at(-1)], [1, "close"]);
  });

  opening("is closed, and starts no TLS, while a read is outstanding", async ({ socket, conn }) => {
    const refused = await socket.startTls?.(tls(), patient).catch((error) => error);
    assertEquals([refused?.kind, conn.calls], ["unsupported", ["close"]]);
  });

  const secure = { tls: tls() };

  opening(
    "over TLS whose request has no answer closes when its peer has",
    async ({ socket, conn }) => {
      socket.write("head", new Uint8Array(1));
      await settled();
      socket.close();
      await settled();
      assertEquals(conn.calls.at(-1), "FIN");
      conn.peerEnds();
      await settled();
      assertEquals(conn.calls.at(-1), "close");
    },
    secure,
  );

  opening(
    "over TLS closes at once if all was answered",
    async ({ socket, conn }) => {
      socket.write("head", new Uint8Array(1));
      await settled();
      conn.receive("answer");
      await settled();
      socket.close();
      await settled();
      assertEquals(conn.calls.at(-1), "close");
    },
    secure,
  );
});

describe("the directions of a connection on Deno", { skip }, () => {
  opening("end together, unless that was asked for", async ({ conn, owner }) => {
    conn.peerEnds();
    await settled();
    assertEquals([conn.calls, owner.ends, owner.halfCloses], [["close"], [undefined], 0]);
  });

  opening("end one by one, the peer's first", async ({ socket, conn, owner }) => {
    socket.halfOpen?.();
    conn.peerEnds();
    await settled();
    socket.write("more", new Uint8Array(0));
    assertEquals([conn.calls, owner.halfCloses, owner.ends], [["more"], 1, []]);
    socket.endWrites?.();
    await settled();
    assertEquals([conn.calls, owner.ends], [["more", "FIN", "close"], [undefined]]);
  });

  opening("end one by one, the peer's while reading is paused", async ({ socket, conn, owner }) => {
    socket.halfOpen?.();
    socket.pause();
    conn.receive("the last");
    await settled();
    socket.resume();
    socket.pause();
    conn.peerEnds();
    await settled();
    assertEquals([owner.text, owner.halfCloses], ["", 0]);
    socket.resume();
    await settled();
    assertEquals([owner.text, owner.halfCloses, owner.ends, conn.isRead], ["the last", 1, [], false]);
    socket.write("more", new Uint8Array(0));
    assertEquals(conn.calls, ["more"]);
  });

  opening("end one by one, ours first", async ({ socket, conn, owner }) => {
    socket.halfOpen?.();
    socket.endWrites?.();
    conn.receive("more");
    await settled();
    assertEquals([owner.text, conn.calls], ["more", ["FIN"]]);
    conn.peerEnds();
    await settled();
    assertEquals([conn.calls, owner.ends, owner.halfCloses], [["FIN", "close"], [undefined], 1]);
  });
});

/** Ends of a connection, as Deno tells them, and what the owner of a request that was not written is told. */
const ENDS: Record<string, { end(conn: ScriptedDenoConn): void; told: string }> = {
  "a FIN": { end: (conn) => conn.peerEnds(), told: "ended" },
  "a reset": { end: (conn) => conn.fail(RESET), told: "reset" },
};

describe("a request that waits for others on Deno", { skip }, () => {
  timed("is dropped by bytes that come", () =>
    withDeno(async (conns) => {
      const { conn, owner } = await holding(conns);
      conn.receive("unasked");
      await settled();
      assertEquals([owner.dropped, conn.calls], [["overtaken"], []]);
    }),
  );

  timed("is not written after abort()", () =>
    withDeno(async (conns) => {
      const { socket, conn } = await holding(conns);
      socket.abort();
      for (let count = 0; count < 400; count++) await new Promise((resolve) => setImmediate(resolve));
      assertEquals(conn.calls, ["close"]);
    }),
  );

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
