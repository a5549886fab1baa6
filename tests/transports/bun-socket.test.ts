/** Bun's socket over a scripted `Bun.connect`: what each event of the runtime becomes. The real runtime has the conformance suite. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket, Target } from "../../src/contract/transport.ts";
import { bunTransport } from "../../transports/bun.ts";
import { type ScriptedBunSocket, withBun } from "./scripted-bun.ts";
import { timed } from "./standing-time.ts";
import { isNode, Owner, patient, settled, target, tls } from "./support.ts";

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const skip = !isNode && "needs a runtime without Bun's global";

interface Opened {
  readonly socket: Socket;
  readonly raw: ScriptedBunSocket<unknown>;
  readonly owner: Owner;
}

async function opened(
  sockets: readonly ScriptedBunSocket<unknown>[],
  more: Partial<Target> = {},
): Promise<Opened> {
  const owner = new Owner();
  const connecting = bunTransport.connect(target(80, more), owner, patient);
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

/** A test of a socket that has just been opened. */
function opening(name: string, test: (opened: Opened) => Promise<void> | void, more?: Partial<Target>): void {
  it(name, () => withBun(async (sockets) => test(await opened(sockets, more))));
}

/** Lets what waits for a microtask be delivered. */
async function delivered({ raw, owner }: Opened, text: string): Promise<void> {
  raw.receive(text);
  await settled();
  assertEquals(owner.text, text);
}

describe("an attempt to connect on Bun", { skip }, () => {
  it("that was aborted resets the socket that opens all the same", () =>
    withBun(async (sockets) => {
      const aborting = new AbortController();
      const connecting = bunTransport.connect(target(80), new Owner(), aborting.signal);
      aborting.abort("for a reason");
      assertEquals(await connecting.catch((error) => error), "for a reason");
      sockets[0]?.open();
      assertEquals(sockets[0]?.calls, ["RST"]);
    }));

  it("resets the socket if it is aborted during the handshake, and hears of the end no more", () =>
    withBun(async (sockets) => {
      const aborting = new AbortController();
      const owner = new Owner();
      const connecting = bunTransport.connect(target(80, { tls: tls() }), owner, aborting.signal);
      sockets[0]?.open();
      aborting.abort("for a reason");
      assertEquals(await connecting.catch((error) => error), "for a reason");
      sockets[0]?.secured();
      sockets[0]?.close();
      assertEquals([sockets[0]?.calls, owner.ends], [["RST"], []]);
    }));

  it("rejects if the socket ends during the handshake, and forgets the sessions", () =>
    withBun(async (sockets) => {
      let cleared = 0;
      const sessions = { take: () => undefined, keep() {}, clear: () => cleared++ };
      const connecting = bunTransport.connect(target(80, { tls: tls({ sessions }) }), new Owner(), patient);
      sockets[0]?.open();
      sockets[0]?.close();
      assertEquals((await connecting.catch((error) => error)).kind, "tls");
      assertEquals([cleared, sockets[0]?.calls], [1, ["RST"]]);
    }));

  it("leaves nothing of its signal to the open socket", () =>
    withBun(async (sockets) => {
      const aborting = new AbortController();
      const connecting = bunTransport.connect(target(80), new Owner(), aborting.signal);
      sockets[0]?.open();
      await connecting;
      aborting.abort();
      assertEquals(sockets[0]?.calls, []);
    }));
});

describe("an open socket on Bun", { skip }, () => {
  opening("reads nothing while it is paused, and was not paused before anything came", async (open) => {
    const { socket, raw, owner } = open;
    socket.pause();
    assertEquals(raw.calls, []);
    raw.receive("early");
    assertEquals([raw.calls, owner.text], [["pause"], ""]);
    socket.resume();
    await settled();
    assertEquals([raw.calls, owner.text], [["pause", "resume"], "early"]);
    socket.pause();
    socket.resume();
    assertEquals(raw.calls, ["pause", "resume", "pause", "resume"]);
  });

  opening("is paused at once if it has been resumed before", async ({ socket, raw }) => {
    socket.pause();
    socket.resume();
    assertEquals(raw.calls, []);
    socket.pause();
    assertEquals(raw.calls, ["pause"]);
  });

  opening("is paused at once if bytes came", async (open) => {
    await delivered(open, "before");
    open.socket.pause();
    assertEquals(open.raw.calls, ["pause"]);
  });

  opening("is over after abort()", async (open) => {
    await delivered(open, "before");
    const { socket, raw, owner } = open;
    socket.abort();
    raw.receive("too late");
    raw.close();
    assertEquals([raw.calls, owner.text, owner.ends], [["RST"], "before", []]);
  });

  opening("tells what could not be written at once, when there is room", ({ socket, raw, owner }) => {
    raw.room = 3;
    assertEquals([socket.write("head", ascii("body")), socket.allWritten], [false, false]);
    raw.drain(2);
    assertEquals(owner.drains, 0);
    raw.drain();
    assertEquals([raw.calls.join(""), owner.drains, socket.allWritten], ["headbody", 1, true]);
  });

  opening("keeps the process alive while somebody waits", ({ socket, raw }) => {
    socket.ref(false);
    socket.ref(true);
    assertEquals(raw.calls, ["unref", "ref"]);
  });

  opening("sends what waits when it is closed, though its peer ends first", ({ socket, raw, owner }) => {
    raw.room = 3;
    socket.write("head", ascii("body"));
    socket.close();
    raw.peerEnds();
    assertEquals(raw.calls, ["hea"]);
    raw.drain();
    assertEquals([raw.calls, owner.ends], [["hea", "dbody", "FIN"], []]);
  });

  opening("is over after close(), and may be aborted then", async (open) => {
    await delivered(open, "before");
    const { socket, raw, owner } = open;
    socket.close();
    raw.receive("too late");
    socket.abort();
    raw.receive("too late");
    raw.close();
    assertEquals([raw.calls, owner.text, owner.ends], [["FIN", "RST"], "before", []]);
  });

  opening("that was reset is told so, though Bun tells only a failed write", ({ socket, raw, owner }) => {
    raw.room = -1;
    socket.write("head", ascii("body"));
    raw.close();
    raw.close();
    assertEquals(
      owner.ends.map((error) => error?.kind),
      ["reset"],
    );
  });

  timed("rests for a moment while much arrives, and reads on", () =>
    withBun(async (sockets) => {
      const { socket, raw } = await opened(sockets);
      for (let count = 0; count < 2; count++) socket.gather?.(400 * 1024);
      assertEquals(raw.calls, ["pause"]);
      // A timer that is younger, and longer.
      await new Promise((resolve) => setTimeout(resolve, 5));
      assertEquals(raw.calls, ["pause", "resume"]);
    }),
  );

  opening("is left to TLS without what still comes", async ({ socket, raw, owner }) => {
    const securing = socket.startTls?.(tls(), patient);
    raw.receive("encrypted");
    raw.upgraded?.open();
    raw.upgraded?.secured();
    await securing;
    raw.upgraded?.receive("plain");
    await settled();
    assertEquals(owner.text, "plain");
  });
});

describe("the directions of a socket on Bun", { skip }, () => {
  const halfOpen = { halfOpen: true };

  opening(
    "end together, unless that was asked for",
    ({ raw, owner }) => {
      raw.peerEnds();
      raw.close();
      assertEquals([raw.calls, owner.ends, owner.halfCloses], [["FIN"], [undefined], 0]);
    },
    halfOpen,
  );

  opening(
    "end one by one, the peer's first",
    ({ socket, raw, owner }) => {
      socket.halfOpen?.();
      raw.peerEnds();
      socket.write("more", ascii("."));
      assertEquals([raw.calls, owner.ends], [["more."], []]);
      socket.endWrites?.();
      raw.close();
      assertEquals([raw.calls, owner.ends], [["more.", "FIN"], [undefined]]);
    },
    halfOpen,
  );

  opening(
    "end one by one, ours first",
    async (open) => {
      const { socket, raw, owner } = open;
      socket.halfOpen?.();
      socket.endWrites?.();
      await delivered(open, "more");
      raw.peerEnds();
      assertEquals([raw.calls, owner.halfCloses], [["FIN, reads on", "FIN"], 1]);
    },
    halfOpen,
  );
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
  timed("is dropped by bytes that come", () =>
    withBun(async (sockets) => {
      const { raw, owner } = await holding(sockets);
      raw.receive("unasked");
      assertEquals([owner.dropped, raw.calls], [["overtaken"], []]);
    }),
  );

  timed("is not written after abort()", () =>
    withBun(async (sockets) => {
      const { socket, raw } = await holding(sockets);
      socket.abort();
      await new Promise((resolve) => setImmediate(resolve));
      assertEquals(raw.calls, ["RST"]);
    }),
  );

  for (const [name, { end, told }] of Object.entries(ENDS)) {
    timed(`is dropped by ${name}, once, and is not written`, () =>
      withBun(async (sockets) => {
        const { raw, owner } = await holding(sockets);
        end(raw);
        assertEquals([owner.dropped, owner.ends.length], [[told], 1]);
        raw.close();
        await new Promise((resolve) => setImmediate(resolve));
        const answer = name === "a FIN" ? ["FIN"] : [];
        assertEquals([owner.dropped, owner.ends.length, raw.calls], [[told], 1, answer]);
      }),
    );
  }
});
