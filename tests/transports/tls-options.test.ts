/** TLS options: versions, ciphers, encrypted keys, PKCS #12 and several CAs, where the runtime has them. */

import { describe, it } from "node:test";
import type { TLSSocket } from "node:tls";
import { assertEquals, assertRejects } from "@std/assert";
import { type TlsFeature, type TlsTarget, TransportError } from "../../src/contract/transport.ts";
import {
  echo,
  guarded,
  open,
  patient,
  pem,
  Recorder,
  type TestServer,
  target,
  tls,
  tlsServer,
  transport,
} from "./support.ts";

const lacks = (feature: TlsFeature): boolean => transport.can.tlsOptions?.includes(feature) === false;
const protected_ = { key: pem("client-encrypted.key"), cert: pem("client.pem") };
const askForCertificate = { ca: pem("ca.pem"), requestCert: true, rejectUnauthorized: true };

async function agreed(server: TestServer, secure: Partial<TlsTarget>): Promise<string | undefined> {
  const { socket } = await open(target(server.port, { tls: tls(secure) }));
  socket.abort();
  return socket.tls?.protocol;
}

async function refusal(
  server: TestServer,
  secure: Partial<TlsTarget>,
): Promise<[string, string | undefined]> {
  const connecting = transport.connect(target(server.port, { tls: tls(secure) }), new Recorder(), patient);
  const error = await guarded(
    assertRejects(() => connecting, TransportError),
    "the refusal",
  );
  return [error.kind, error.reason];
}

async function commonName(secure: Partial<TlsTarget>): Promise<string> {
  await using peer = await tlsServer(echo, askForCertificate);
  const { socket, seen } = await open(target(peer.port, { tls: tls(secure) }));
  socket.write("x");
  await seen.until(() => seen.text === "x");
  const remote = (await peer.first()) as TLSSocket;
  const name = String(remote.getPeerCertificate().subject.CN);
  socket.abort();
  return name;
}

describe("TLS options", () => {
  it("bound the version from above", { skip: lacks("maxVersion") }, async () => {
    await using peer = await tlsServer(echo);
    assertEquals(await agreed(peer, {}), "TLSv1.3");
    assertEquals(await agreed(peer, { maxVersion: "TLSv1.2" }), "TLSv1.2");
  });

  it("bound the version from below", { skip: lacks("minVersion") }, async () => {
    await using peer = await tlsServer(echo, { maxVersion: "TLSv1.2" });
    assertEquals(await agreed(peer, { minVersion: "TLSv1.2" }), "TLSv1.2");
    assertEquals(await refusal(peer, { minVersion: "TLSv1.3" }), ["tls", "handshake"]);
  });

  it("choose the ciphers", { skip: lacks("ciphers") }, async () => {
    await using peer = await tlsServer(echo, { maxVersion: "TLSv1.2" });
    const ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305";
    const { socket } = await open(target(peer.port, { tls: tls({ ciphers }) }));
    assertEquals(socket.tls?.cipher, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
    socket.abort();
  });

  it("that the runtime refuses are named as such, before anything is sent", {
    skip: lacks("ciphers"),
  }, async () => {
    await using peer = await tlsServer(echo);
    assertEquals(await refusal(peer, { ciphers: "NONSENSE" }), ["tls", "options"]);
    assertEquals(await refusal(peer, { ...protected_, passphrase: "wrong" }), ["tls", "options"]);
  });

  it("decrypt a key", { skip: lacks("passphrase") }, async () => {
    assertEquals(await commonName({ ...protected_, passphrase: "holdfast" }), "holdfast-client");
  });

  it("take certificate and key as PKCS #12", { skip: lacks("pfx") }, async () => {
    const pfx = Uint8Array.from(atob(pem("client.pfx.base64")), (character) => character.charCodeAt(0));
    assertEquals(await commonName({ pfx, passphrase: "holdfast" }), "holdfast-client");
    await using peer = await tlsServer(echo, askForCertificate);
    assertEquals(await refusal(peer, { pfx, passphrase: "wrong" }), ["tls", "options"]);
  });

  for (const [how, ca] of [
    ["as a list", [pem("expired.pem"), pem("ca.pem")]],
    ["in one text", [pem("expired.pem") + pem("ca.pem")]],
  ] as const) {
    it(`trust several CAs, ${how}`, async () => {
      await using peer = await tlsServer(echo);
      const { socket, seen } = await open(target(peer.port, { tls: tls({ ca }) }));
      socket.write("x");
      await seen.until(() => seen.text === "x");
      socket.abort();
    });
  }
});
