/** TLS: which certificates are trusted, which name is sent, and the upgrade of an open socket. */

import { describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { assertEquals, assertRejects } from "@std/assert";
import { type TlsTarget, TransportError } from "../../src/contract/transport.ts";
import {
  echo,
  forward,
  guarded,
  moment,
  open,
  patient,
  pem,
  Recorder,
  type TestServer,
  target,
  tcpServer,
  tls,
  tlsServer,
  transport,
} from "./support.ts";

async function refusal(server: TestServer, secure: TlsTarget): Promise<[string, string | undefined]> {
  const seen = new Recorder();
  const connecting = transport.connect(target(server.port, { tls: secure }), seen, patient);
  const error = await guarded(
    assertRejects(() => connecting, TransportError),
    "the refusal",
  );
  await moment();
  assertEquals(seen.ends, []);
  return [error.kind, error.reason];
}

describe("TLS", () => {
  it("trusts a given CA", async () => {
    await using peer = await tlsServer(echo);
    const { socket, seen } = await open(target(peer.port, { tls: tls() }));
    assertEquals(socket.alpn, undefined);
    socket.write("secret");
    await seen.until(() => seen.text === "secret");
    socket.abort();
  });

  it("refuses an unknown CA", async () => {
    await using peer = await tlsServer(echo);
    assertEquals(await refusal(peer, tls({ ca: undefined })), ["tls", "untrusted"]);
  });

  it("refuses a certificate for another name", async () => {
    await using peer = await tlsServer(echo);
    assertEquals(await refusal(peer, tls({ serverName: "wrong.test" })), ["tls", "name-mismatch"]);
  });

  it("refuses a certificate for another address", async () => {
    await using peer = await tlsServer(echo);
    assertEquals(await refusal(peer, tls({ serverName: "127.0.0.2" })), ["tls", "name-mismatch"]);
  });

  it("accepts a certificate for an address", async () => {
    await using peer = await tlsServer(echo);
    const { socket } = await open(target(peer.port, { tls: tls({ serverName: "127.0.0.1" }) }));
    socket.abort();
  });

  it("sends no name if it is an address, which it verifies all the same (RFC 6066 §3)", async () => {
    await using peer = await tlsServer(echo);
    const { socket } = await open(target(peer.port, { tls: tls({ serverName: "127.0.0.1" }) }));
    // A server of Node says false, one of Deno null.
    assertEquals(((await peer.first()) as { servername?: unknown }).servername || false, false);
    socket.abort();
  });

  it("refuses a certificate that lacks the address it connects to", async () => {
    await using peer = await tlsServer(echo, {}, "127.0.0.2");
    const seen = new Recorder();
    const where = target(peer.port, { hostname: "127.0.0.2", tls: tls({ serverName: "127.0.0.2" }) });
    const error = await guarded(
      assertRejects(() => transport.connect(where, seen, patient), TransportError),
      "the refusal",
    );
    assertEquals([error.kind, error.reason], ["tls", "name-mismatch"]);
  });

  it("refuses an expired certificate", async () => {
    await using peer = await tlsServer(echo, { key: pem("expired.key"), cert: pem("expired.pem") });
    assertEquals(await refusal(peer, tls()), ["tls", "expired"]);
  });

  const spoilers = {
    "speaks no TLS": (socket: { write(text: string): unknown }) =>
      socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"),
    "ends the handshake by FIN": (socket: { end(): unknown }) => socket.end(),
    "ends the handshake by RST": (socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy(),
  };
  for (const [name, spoil] of Object.entries(spoilers)) {
    for (const verify of transport.can.verifyOff ? [true, false] : [true]) {
      it(`fails with a peer that ${name}${verify ? "" : ", also without verification"}`, async () => {
        await using peer = await tcpServer((socket) => void socket.once("data", () => spoil(socket)));
        assertEquals(await refusal(peer, tls({ verify })), ["tls", "handshake"]);
      });
    }
  }

  it("accepts any certificate without verification, or says that it cannot", async () => {
    await using peer = await tlsServer(echo);
    const secure = tls({ ca: undefined, serverName: "wrong.test", verify: false });
    if (!transport.can.verifyOff) return assertEquals((await refusal(peer, secure))[0], "unsupported");
    const { socket, seen } = await open(target(peer.port, { tls: secure }));
    socket.write("secret");
    await seen.until(() => seen.text === "secret");
    socket.abort();
  });

  it("sends a name other than the address, and verifies it", async () => {
    await using peer = await tlsServer(echo);
    const { socket } = await open(target(peer.port, { tls: tls({ serverName: "example.test" }) }));
    assertEquals(((await peer.first()) as TLSSocket & { servername?: string }).servername, "example.test");
    socket.abort();
  });

  it("negotiates a protocol", async () => {
    await using peer = await tlsServer(echo, { ALPNProtocols: ["http/1.1"] });
    const { socket } = await open(target(peer.port, { tls: tls({ alpn: ["h2", "http/1.1"] }) }));
    assertEquals(socket.alpn, "http/1.1");
    socket.abort();
  });

  it("presents a client certificate", async () => {
    await using peer = await tlsServer(echo, {
      ca: pem("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    });
    const secure = tls({ cert: pem("client.pem"), key: pem("client.key") });
    const { socket, seen } = await open(target(peer.port, { hostname: "localhost", tls: secure }));
    socket.write("it is me");
    await seen.until(() => seen.text === "it is me");
    const remote = (await peer.first()) as TLSSocket;
    assertEquals(remote.getPeerCertificate().subject.CN, "holdfast-client");
    socket.abort();
  });

  it("reports a missing client certificate as tls", async () => {
    await using peer = await tlsServer(echo, {
      ca: pem("ca.pem"),
      requestCert: true,
      rejectUnauthorized: true,
    });
    // With TLS 1.3 the client finishes first, so it sees the refusal while connecting or by the end of the socket.
    const seen = new Recorder();
    const kind = await guarded(
      transport.connect(target(peer.port, { tls: tls() }), seen, patient).then(
        async () => {
          await seen.until(() => seen.ends.length > 0);
          return seen.ends[0]?.kind;
        },
        (error: TransportError) => error.kind,
      ),
      "the refusal",
    );
    assertEquals(kind, "tls");
  });
});

describe("startTls", () => {
  /** A tunnel: one line in plain text, then TLS. */
  async function tunnel(): Promise<{ plain: TestServer; inner: TestServer; close(): Promise<void> }> {
    const inner = await tlsServer(echo, { ALPNProtocols: ["http/1.1"] });
    const plain = await tcpServer((socket) => {
      socket.once("data", () => {
        socket.write("go");
        forward(socket, inner.port);
      });
    });
    const close = async (): Promise<void> => {
      await plain[Symbol.asyncDispose]();
      await inner[Symbol.asyncDispose]();
    };
    return { plain, inner, close };
  }

  /** Pauses in the call that delivers the response, as a tunnel must. */
  async function connected(plain: TestServer) {
    const { socket, seen } = await open(target(plain.port, { tcpKeepAlive: { idleMs: 60_000 } }));
    const data = seen.data.bind(seen);
    seen.data = (bytes, length) => {
      data(bytes, length);
      if (seen.text === "go") socket.pause();
    };
    socket.write("CONNECT");
    await seen.until(() => seen.text === "go");
    return { socket, seen };
  }

  it("starts TLS in a tunnel, with the same handler and socket options", async () => {
    const { plain, close } = await tunnel();
    const { socket, seen } = await connected(plain);
    const secure = await socket.startTls(tls({ serverName: "example.test", alpn: ["http/1.1"] }), patient);
    assertEquals([secure.alpn, secure.applied], ["http/1.1", socket.applied]);
    secure.write("secret");
    await seen.until(() => seen.text === "gosecret");
    secure.close();
    await moment();
    assertEquals(seen.ends, []);
    await close();
  });

  it("reports the end of the tunnel once", async () => {
    const { plain, inner, close } = await tunnel();
    const { socket, seen } = await connected(plain);
    await socket.startTls(tls(), patient);
    (await inner.first()).end("bye");
    await seen.until(() => seen.ends.length > 0);
    await moment();
    assertEquals([seen.text, seen.ends], ["gobye", [undefined]]);
    await close();
  });

  it("refuses a certificate for another name, and drops the connection", async () => {
    const { plain, close } = await tunnel();
    const { socket, seen } = await connected(plain);
    const remote = await plain.first();
    const gone = new Promise((resolve) => remote.once("close", resolve));
    const upgrade = socket.startTls(tls({ serverName: "wrong.test" }), patient);
    const error = await guarded(
      assertRejects(() => upgrade, TransportError),
      "the refusal",
    );
    assertEquals([error.kind, error.reason], ["tls", "name-mismatch"]);
    await gone;
    assertEquals(seen.ends, []);
    await close();
  });

  it("verifies an address, and sends no name for it", async () => {
    for (const [serverName, verdict] of [
      ["127.0.0.1", undefined],
      ["127.0.0.2", "name-mismatch"],
    ] as const) {
      const { plain, inner, close } = await tunnel();
      const { socket } = await connected(plain);
      const upgrade = await socket.startTls(tls({ serverName }), patient).catch((error) => error);
      assertEquals(upgrade.reason, verdict);
      if (verdict === undefined)
        assertEquals(((await inner.first()) as { servername?: unknown }).servername || false, false);
      await close();
    }
  });

  it("rejects with the signal's reason, and drops the connection", async () => {
    await using mute = await tcpServer((socket) => void socket.once("data", () => socket.write("go")));
    const { socket } = await connected(mute);
    const remote = await mute.first();
    const gone = new Promise((resolve) => remote.resume().once("close", resolve));
    const aborting = new AbortController();
    const upgrade = socket.startTls(tls(), aborting.signal).catch((error) => error);
    await moment();
    aborting.abort("enough");
    assertEquals(await upgrade, "enough");
    if (transport.name !== "deno") await gone; // see the handshake test in connect.test.ts
  });
});
