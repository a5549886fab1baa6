/** TLS sessions: a handshake resumes the session of an earlier one with the same peer under the same options, and no other. */

import { describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type TlsSession, type TlsTarget, TransportError } from "../../src/contract/transport.ts";
import {
  FEWEST_SESSIONS,
  MOST_SESSION_BYTES,
  MOST_SESSIONS,
  MOST_TICKET_BYTES,
  SessionStore,
} from "../../src/options/session-store.ts";
import {
  echo,
  forward,
  guarded,
  open,
  patient,
  Recorder,
  type TestServer,
  target,
  tcpServer,
  tls,
  tlsServer,
  transport,
} from "./support.ts";

/** Deno resumes no session of `startTls`, and does not tell (Deno 2.9). A server of Node on Deno does not resume either. */
const resumes = transport.name !== "deno";

/** Opens a connection, sends a byte and waits for it, by which time the sessions have come. */
async function visit(peer: TestServer, secure: TlsTarget): Promise<boolean | undefined> {
  const { socket, seen } = await open(target(peer.port, { tls: secure }));
  socket.write("x");
  await seen.until(() => seen.text === "x");
  const resumed = socket.tls?.resumed;
  assertEquals(socket.tls?.subject, { CN: "localhost" });
  socket.abort();
  return resumed;
}

/** An echo that notes, connection by connection, whether the server resumed a session. */
function counting(): { served: boolean[]; serve(socket: TLSSocket): void } {
  const served: boolean[] = [];
  const serve = (socket: TLSSocket): void => {
    served.push(socket.isSessionReused());
    echo(socket);
  };
  return { served, serve };
}

describe("TLS sessions", { skip: !resumes }, () => {
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`are resumed with ${maxVersion}, as the server counts them`, async () => {
      const { served, serve } = counting();
      await using peer = await tlsServer(serve, { maxVersion });
      const secure = tls({ sessions: new SessionStore() });
      const told = [await visit(peer, secure), await visit(peer, secure), await visit(peer, secure)];
      assertEquals(told, [false, true, true]);
      assertEquals(served, [false, true, true]);
    });
  }

  it("know the subject of their peer, which a resumed connection is not asked for", async () => {
    await using peer = await tlsServer(echo);
    const sessions = new SessionStore();
    const secure = tls({ sessions });
    await visit(peer, secure);
    const session = sessions.take();
    assert(session !== undefined);
    sessions.keep({ ...session, subject: { CN: "known" } }, false);
    const { socket } = await open(target(peer.port, { tls: secure }));
    assertEquals([socket.tls?.resumed, socket.tls?.subject], [true, { CN: "known" }]);
    socket.abort();
  });

  it("are not resumed without a place to keep them", async () => {
    const { served, serve } = counting();
    await using peer = await tlsServer(serve);
    for (let count = 0; count < 2; count++) assertEquals(await visit(peer, tls()), false);
    assertEquals(served, [false, false]);
  });

  it("are not kept for a certificate that only verify: false let pass", async () => {
    await using peer = await tlsServer(echo);
    const secure = tls({ ca: undefined, verify: false, sessions: new SessionStore() });
    for (let count = 0; count < 2; count++) assertEquals(await visit(peer, secure), false);
    assertEquals(secure.sessions?.take(), undefined);
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`are not kept from a peer that was refused, with ${maxVersion}`, async () => {
      await using peer = await tlsServer((socket) => socket.write("early"), { maxVersion });
      for (const wrong of [{ ca: undefined }, { serverName: "wrong.test" }, { serverName: "127.0.0.2" }]) {
        const secure = tls({ ...wrong, sessions: new SessionStore() });
        const connecting = transport.connect(target(peer.port, { tls: secure }), new Recorder(), patient);
        await guarded(
          assertRejects(() => connecting, TransportError),
          "the refusal",
        );
        assertEquals(secure.sessions?.take(), undefined);
      }
    });
  }

  it("are never offered to another name, even if the store had them", async () => {
    const { served, serve } = counting();
    await using peer = await tlsServer(serve);
    const sessions = new SessionStore();
    await visit(peer, tls({ sessions }));
    assertEquals(await visit(peer, tls({ serverName: "example.test", sessions })), false);
    assertEquals(served, [false, false]);
  });

  it("are forgotten when a handshake fails that offered one", async () => {
    const secure = tls({ sessions: new SessionStore() });
    // A session of TLS 1.2 is there until it is dropped.
    await using good = await tlsServer(echo, { maxVersion: "TLSv1.2" });
    await visit(good, secure);
    assert(secure.sessions?.take() !== undefined);
    await using bad = await tcpServer((socket) => void socket.once("data", () => socket.end()));
    const connecting = transport.connect(target(bad.port, { tls: secure }), new Recorder(), patient);
    await guarded(
      assertRejects(() => connecting, TransportError),
      "the failure",
    );
    assertEquals(secure.sessions?.take(), undefined);
  });

  it("that a server does not know, cost a full handshake and no error", async () => {
    const secure = tls({ sessions: new SessionStore() });
    for (let count = 0; count < 2; count++) {
      await using peer = await tlsServer(echo);
      assertEquals(await visit(peer, secure), false);
    }
  });

  it("are resumed within a tunnel", async () => {
    const { served, serve } = counting();
    await using inner = await tlsServer(serve);
    const secure = tls({ sessions: new SessionStore() });
    const told: (boolean | undefined)[] = [];
    for (let count = 0; count < 2; count++) {
      await using plain = await tcpServer((socket) => {
        socket.once("data", () => {
          socket.write("go");
          forward(socket, inner.port);
        });
      });
      const { socket, seen } = await open(target(plain.port));
      socket.write("CONNECT");
      await seen.until(() => seen.text === "go");
      const inside = await socket.startTls(secure, patient);
      inside.write("x");
      await seen.until(() => seen.text === "gox");
      told.push(inside.tls?.resumed);
      inside.abort();
    }
    assertEquals(told, [false, true]);
    assertEquals(served, [false, true]);
  });
});

describe("Socket.tls", () => {
  it("tells protocol, cipher and subject, where the runtime does", async () => {
    const options = { maxVersion: "TLSv1.2", ciphers: "ECDHE+AES256" } as const;
    await using peer = await tlsServer(echo, transport.name === "deno" ? {} : options);
    const { socket } = await open(target(peer.port, { tls: tls() }));
    if (transport.name === "deno") return assertEquals(socket.tls, undefined);
    assertEquals(socket.tls, {
      protocol: "TLSv1.2",
      cipher: "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
      resumed: false,
      subject: { CN: "localhost" },
    });
    socket.abort();
    assertEquals(socket.tls?.subject, { CN: "localhost" });
  });

  it("is undefined without TLS", async () => {
    await using peer = await tcpServer(echo);
    const { socket } = await open(target(peer.port));
    assertEquals(socket.tls, undefined);
    socket.abort();
  });
});

describe("SessionStore", () => {
  const bytes = (value: number): TlsSession => ({
    bytes: new Uint8Array([value]),
    serverName: "a.test",
    subject: undefined,
  });

  it("offers each ticket of TLS 1.3 once, the newest one first", () => {
    const store = new SessionStore();
    store.keep(bytes(1), false);
    store.keep(bytes(2), false);
    assertEquals([store.take(), store.take(), store.take()], [bytes(2), bytes(1), undefined]);
  });

  it("offers a session of TLS 1.2 until another one comes", () => {
    const store = new SessionStore();
    store.keep(bytes(1), true);
    assertEquals([store.take(), store.take()], [bytes(1), bytes(1)]);
    store.keep(bytes(2), true);
    assertEquals(store.take(), bytes(2));
  });

  it("keeps none that is too long", () => {
    const store = new SessionStore();
    for (const often of [true, false]) {
      store.keep({ ...bytes(1), bytes: new Uint8Array(MOST_SESSION_BYTES + 1) }, often);
      assertEquals(store.take(), undefined);
    }
  });

  /** What a burst of connections does: all their tickets come, and then each of them asks for one. */
  const burst = (store: SessionStore, connections: number): number => {
    for (let count = 0; count < connections; count++) store.keep(bytes(count), false);
    return Array.from({ length: connections }, () => store.take()).filter((ticket) => ticket !== undefined)
      .length;
  };

  it("keeps few, the newest ones", () => {
    const store = new SessionStore();
    for (let count = 0; count < FEWEST_SESSIONS + 5; count++) store.keep(bytes(count), false);
    const taken = Array.from({ length: FEWEST_SESSIONS }, () => store.take()?.bytes[0]);
    assertEquals([taken[0], taken.at(-1), store.take()], [FEWEST_SESSIONS + 4, 5, undefined]);
  });

  it("keeps as many as connections that open in step have missed, up to a limit", () => {
    const store = new SessionStore();
    assertEquals([burst(store, 50), burst(store, 50), burst(store, 50)], [FEWEST_SESSIONS, 50, 50]);
    const many = 2 * MOST_SESSIONS;
    assertEquals([burst(store, many), burst(store, many)], [50, MOST_SESSIONS]);
  });

  it("keeps no more for those who ask when none was dropped", () => {
    const store = new SessionStore();
    for (let count = 0; count < 50; count++) store.take();
    assertEquals(burst(store, 50), FEWEST_SESSIONS);
  });

  it("keeps a bounded number of bytes", () => {
    const store = new SessionStore();
    burst(store, MOST_SESSIONS);
    burst(store, MOST_SESSIONS);
    for (const time of [1, 2]) {
      const long = { ...bytes(time), bytes: new Uint8Array(MOST_SESSION_BYTES) };
      for (let count = 0; count < MOST_SESSIONS; count++) store.keep(long, false);
      let kept = 0;
      for (let count = 0; count < MOST_SESSIONS; count++) kept += store.take()?.bytes.length ?? 0;
      assertEquals(kept, MOST_TICKET_BYTES);
    }
  });
});
