/** TLS on Bun: options of `connect` and `upgradeTLS`, and the check of a peer whose name is an address. */

import type { TlsFacts, TlsSession, TlsTarget } from "../src/contract/transport.ts";
import { nodeTls } from "./builtins.ts";
import type { BunRawSocket, BunTlsOptions } from "./bun-api.ts";
import { latin1Bytes } from "./latin1.ts";

/** Whether a name is an IP address, which SNI must not contain (RFC 6066 §3). */
function isAddress(name: string): boolean {
  return name.includes(":") || /^[\d.]+$/.test(name);
}

/**
 * How the peer's address is verified, if its name is one. Bun 1.4 sends whatever name it verifies. With an empty name it
 * sends none, and verifies the address that it connected to itself (`"bun"`). On an open socket it knows no address, and
 * would verify nothing (`"here"`). An address other than the one connected to can only be verified by sending it (`"sent"`).
 */
function addressCheck(tls: TlsTarget, connectedTo: string | undefined): "bun" | "here" | "sent" | undefined {
  if (!isAddress(tls.serverName)) return undefined;
  if (connectedTo === tls.serverName) return "bun";
  return connectedTo === undefined ? "here" : "sent";
}

/** Versions on the wire (RFC 8446 §4.2.1), which Bun 1.4 wants as numbers. It has no `pfx`. */
const VERSIONS = { TLSv1: 0x0301, "TLSv1.1": 0x0302, "TLSv1.2": 0x0303, "TLSv1.3": 0x0304 } as const;

interface Made {
  readonly connectedTo: string | undefined;
  readonly options: BunTlsOptions;
}

/** The options of each target, made for its last connection. A pool keeps the targets of its origins. */
const made: WeakMap<TlsTarget, Made> = new WeakMap();

/** Options of `connect` and `upgradeTLS`. `connectedTo` is the address that Bun is told; `undefined` on an open socket. */
export function bunTlsOptions(tls: TlsTarget, connectedTo: string | undefined): BunTlsOptions {
  const last = made.get(tls);
  if (last !== undefined && last.connectedTo === connectedTo) return last.options;
  const options = optionsFor(tls, connectedTo);
  made.set(tls, { connectedTo, options });
  return options;
}

function optionsFor(tls: TlsTarget, connectedTo: string | undefined): BunTlsOptions {
  const { verify: rejectUnauthorized, ca, cert, key, alpn } = tls;
  const check = addressCheck(tls, connectedTo);
  const serverName = check === undefined || check === "sent" ? tls.serverName : "";
  const options: BunTlsOptions = { serverName, rejectUnauthorized };
  if (ca !== undefined) options.ca = [...ca];
  if (cert !== undefined) options.cert = cert;
  if (key !== undefined) options.key = key;
  if (tls.passphrase !== undefined) options.passphrase = tls.passphrase;
  if (tls.minVersion !== undefined) options.minVersion = VERSIONS[tls.minVersion];
  if (tls.maxVersion !== undefined) options.maxVersion = VERSIONS[tls.maxVersion];
  if (tls.ciphers !== undefined) options.ciphers = tls.ciphers;
  if (alpn.length > 0) options.ALPNProtocols = wireFormat(alpn);
  return options;
}

/** Why the certificate is not one for the peer's address, where Bun did not check that. */
export function identityFault(
  raw: Pick<BunRawSocket<unknown>, "getPeerCertificate">,
  tls: TlsTarget | undefined,
  connectedTo: string | undefined,
): Error | undefined {
  if (tls === undefined || !tls.verify || addressCheck(tls, connectedTo) !== "here") return undefined;
  return nodeTls().checkServerIdentity(tls.serverName, raw.getPeerCertificate());
}

/** Offers a session. Must be called when the socket opens, before the handshake. Bun verifies the name all the same. */
export function offerSession(
  raw: Pick<BunRawSocket<unknown>, "setSession">,
  tls: TlsTarget,
): TlsSession | undefined {
  const session = tls.sessions?.take();
  if (session?.serverName !== tls.serverName) return undefined;
  raw.setSession(session.bytes);
  return session;
}

/** Keeps a session of a verified peer. What `rejectUnauthorized: false` let pass is not authorized. */
export function keepSession(
  raw: BunRawSocket<unknown>,
  tls: TlsTarget,
  { subject, protocol }: TlsFacts,
  bytes: Uint8Array,
): void {
  if (!raw.authorized) return;
  tls.sessions?.keep({ bytes, serverName: tls.serverName, subject }, protocol !== "TLSv1.3");
}

/**
 * What the handshake agreed on. Asked once for each connection, and of a resumed one not for the certificate, which is that of
 * the session: Bun 1.4 takes 8 µs to make an object of it.
 */
export function bunTlsFacts(raw: BunRawSocket<unknown>, offered: TlsSession | undefined): TlsFacts {
  const resumed = raw.isSessionReused();
  return {
    protocol: raw.getTLSVersion(),
    cipher: raw.getCipher().standardName,
    resumed,
    subject: resumed && offered !== undefined ? offered.subject : subjectOf(raw),
  };
}

function subjectOf(raw: BunRawSocket<unknown>): TlsFacts["subject"] {
  return { ...raw.getPeerCertificate().subject } as TlsFacts["subject"];
}

/** ALPN protocol names in wire format, each after its length (RFC 7301 §3.1). Bun 1.4 silently ignores a plain string. */
function wireFormat(alpn: readonly string[]): Uint8Array {
  return latin1Bytes(alpn.map((name) => String.fromCharCode(name.length) + name).join(""));
}
