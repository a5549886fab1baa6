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
