/** The socket of Workers over a scripted `connect`: what each event of the runtime becomes. workerd has the conformance suite. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { Socket, Target } from "../../src/contract/transport.ts";
import { workersTransportOver } from "../../transports/workers-socket.ts";
import { ScriptedWorkersSocket } from "./scripted-workers.ts";
import { isNode, Owner, patient, settled, target, tls } from "./support.ts";

const skip = !isNode && "proven once";

interface Opened {
  readonly socket: Socket;
  readonly raw: ScriptedWorkersSocket;
  readonly owner: Owner;
}

interface Attempt {
  readonly raw: ScriptedWorkersSocket;
  readonly owner: Owner;
  readonly connecting: Promise<Socket>;
  readonly aborting: AbortController;
}

const TLS = tls({ ca: undefined });

function attempted(more: Partial<Target> = {}): Attempt {
  const [raw, owner, aborting] = [new ScriptedWorkersSocket(), new Owner(), new AbortController()];
  const transport = workersTransportOver(() => raw, "object");
  const connecting = transport.connect(target(80, more), owner, aborting.signal);
  return { raw, owner, connecting, aborting };
}

async function opened(): Promise<Opened> {
  const { raw, owner, connecting } = attempted();
  raw.open();
  const socket = await connecting;
  await settled();
  return { socket, raw, owner };
}

/** A test of a socket that has just been opened. */
function opening(name: string, test: (opened: Opened) => Promise<void>): void {
  it(name, async () => test(await opened()));
}

/** The listeners that a signal has. */
function counted(signal: AbortSignal): { left: number } {
  const count = { left: 0 };
  const { addEventListener: add, removeEventListener: remove } = signal;
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count.left++;
    add.apply(signal, args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count.left--;
    remove.apply(signal, args);
  };
  return count;
}

const outcome = (attempt: Promise<unknown>): Promise<unknown> =>
  Promise.race([attempt.catch((error) => error), settled().then(() => "pending")]);

describe("an attempt to connect on Workers", { skip }, () => {
  it("ends at once if it is aborted, and closes the socket", async () => {
    const { raw, connecting, aborting } = attempted();
    await settled();
    aborting.abort("for a reason");
    assertEquals([await outcome(connecting), raw.calls], ["for a reason", ["close"]]);
  });

  it("leaves nothing of its signal to the open socket", async () => {
    const [raw, aborting] = [new ScriptedWorkersSocket(), new AbortController()];
    const listeners = counted(aborting.signal);
    const connecting = workersTransportOver(() => raw, "object").connect(
      target(80),
      new Owner(),
      aborting.signal,
    );
    raw.open();
    await connecting;
    await settled();
    aborting.abort();
    assertEquals([listeners.left, raw.calls], [0, []]);
  });

  it("dials nothing if it was aborted before, or asks for what Workers cannot do", async () => {
    let dials = 0;
    const { connect } = workersTransportOver(() => {
      dials++;
      return new ScriptedWorkersSocket();
    }, "object");
    const refused = async (more: Partial<Target>, signal = patient): Promise<unknown> => {
      const error = (await outcome(connect(target(80, more), new Owner(), signal))) as { kind?: string };
      return error.kind ?? error;
    };
    assertEquals(await refused({}, AbortSignal.abort("enough")), "enough");
    for (const more of [{ unixPath: "/s" }, { tls: tls() }, { tls: { ...TLS, verify: false } }])
      assertEquals(await refused(more), "unsupported");
    assertEquals(dials, 0);
  });

  it("that fails closes the socket", async () => {
    const { raw, connecting } = attempted();
    raw.refuse(new Error("no"));
    const error = (await outcome(connecting)) as { kind?: string };
    assertEquals([error.kind, raw.calls], ["other", ["close"]]);
  });

  it("under another name than that of the certificate starts TLS, and is aborted in it", async () => {
    const { raw, connecting, aborting } = attempted({ tls: TLS });
    raw.open();
    await settled();
    assertEquals(raw.calls, ["TLS localhost"]);
    aborting.abort("for a reason");
    assertEquals([await outcome(connecting), raw.secure?.calls], ["for a reason", ["close"]]);
    assertEquals(raw.calls, ["TLS localhost", "close"]);
  });
});

describe("TLS on an open socket of Workers", { skip }, () => {
  opening("ends at once if the attempt was aborted before", async ({ socket, raw }) => {
    socket.pause();
    raw.receive("answer");
    await settled();
    const starting = socket.startTls(TLS, AbortSignal.abort("for a reason"));
    assertEquals([await outcome(starting), raw.calls.at(-1)], ["for a reason", "close"]);
  });

  opening("takes over streams and handler, and the old socket does nothing more", async (open) => {
    const { socket, raw, owner } = open;
    socket.pause();
    raw.receive("answer");
    await settled();
    const starting = socket.startTls(TLS, patient);
    const inner = raw.secure as ScriptedWorkersSocket;
    inner.open();
    const secure = await starting;
    await settled();
    assertEquals([raw.calls, secure.remoteAddress], [["TLS localhost"], socket.remoteAddress]);
    inner.receive("secret");
    secure.write("request");
    await settled();
    assertEquals([owner.text, inner.calls], ["secret", ["request"]]);
    socket.resume();
    socket.write("more");
    await settled();
    assertEquals([owner.text, raw.calls], ["secret", ["TLS localhost"]]);
  });

  opening("refuses what Workers cannot do, and closes the socket", async ({ socket, raw }) => {
    socket.pause();
    raw.receive("answer");
    await settled();
    const refused = (await outcome(socket.startTls(tls(), patient))) as { kind?: string };
    assertEquals([refused.kind, raw.calls], ["unsupported", ["close"]]);
  });

  opening("is refused while a read is outstanding", async ({ socket, raw }) => {
    const refused = (await outcome(socket.startTls(TLS, patient))) as { kind?: string };
    assertEquals([refused.kind, raw.calls], ["unsupported", ["close"]]);
  });
});

describe("an open socket of Workers", { skip }, () => {
  opening("reads nothing more while it is paused, and on when it is resumed", async (open) => {
    const { socket, raw, owner } = open;
    socket.pause();
    raw.receive("early");
    await settled();
    assertEquals([owner.text, raw.isRead], ["", false]);
    socket.resume();
    await settled();
    assertEquals([owner.text, raw.isRead], ["early", true]);
  });

  opening("reads on after each piece, also within a delivery that pauses and resumes it", async (open) => {
    const { socket, raw, owner } = open;
    const pieces = ["first", "second", "third"];
    socket.setHandler({
      data(bytes, length) {
        socket.pause();
        socket.resume();
        owner.data(bytes, length);
      },
      drain: () => {},
      closed: (error) => owner.closed(error),
    });
    for (const piece of pieces) {
      raw.receive(piece);
      await settled();
      assertEquals(raw.isRead, true);
    }
    assertEquals(owner.text, pieces.join(""));
  });

  opening("reads much in larger pieces, none of them twice", async ({ socket, raw, owner }) => {
    const lengths: number[] = [];
    socket.setHandler({
      data(bytes, length) {
        lengths.push(length);
        owner.data(bytes, length);
      },
      drain: () => {},
      closed: () => {},
    });
    const text = Array.from({ length: 500_000 }, (_, at) => String.fromCharCode(at % 251)).join("");
    raw.receive(text);
    for (let turn = 0; turn < 10; turn++) await settled();
    assertEquals([owner.text === text, lengths], [true, [16_384, 65_536, 262_144, 155_936]]);
  });

  opening("writes nothing more after abort()", async ({ socket, raw, owner }) => {
    raw.isFull = true;
    socket.write("head", new Uint8Array(70_000));
    socket.abort();
    socket.write("more");
    raw.wrote();
    await settled();
    assertEquals([raw.calls.includes("more"), owner.drains], [false, 0]);
  });

  for (const [name, end, kind] of [
    ["FIN", (raw) => raw.peerEnds(), undefined],
    ["reset", (raw) => raw.fail(new Error("lost")), "reset"],
  ] as [string, (raw: ScriptedWorkersSocket) => void, string | undefined][]) {
    opening(`tells a ${name} that came while it was paused after what came before`, async (open) => {
      const { socket, raw, owner } = open;
      socket.pause();
      raw.receive("the last");
      await settled();
      socket.resume();
      socket.pause();
      end(raw);
      await settled();
      assertEquals([owner.text, owner.ends], ["", []]);
      socket.resume();
      await settled();
      const kinds = owner.ends.map((error) => error?.kind);
      assertEquals([owner.text, kinds, raw.calls], ["the last", [kind], ["close"]]);
    });
  }

  opening("tells what could not be written at once, when there is room", async ({ socket, raw, owner }) => {
    raw.isFull = true;
    assertEquals([socket.write("head", new Uint8Array(70_000)), socket.allWritten], [false, false]);
    for (let count = 0; count < 2; count++) {
      await settled();
      assertEquals(owner.drains, 0);
      raw.wrote();
    }
    await settled();
    assertEquals([owner.drains, socket.allWritten], [1, true]);
  });

  opening("is closed after what was being written, and once", async ({ socket, raw }) => {
    raw.isFull = true;
    socket.write("request");
    socket.close();
    socket.close();
    socket.write("more");
    await settled();
    assertEquals(raw.calls, ["request"]);
    raw.wrote();
    await settled();
    assertEquals(raw.calls, ["request", "FIN", "close"]);
  });

  for (const how of ["close", "abort"] as const) {
    opening(`is over after ${how}()`, async ({ socket, raw, owner }) => {
      socket[how]();
      raw.receive("too late");
      await settled();
      assertEquals([raw.calls.at(-1), raw.isRead, owner.text, owner.ends], ["close", false, "", []]);
    });
  }
});
