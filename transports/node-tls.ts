/** TLS on Node: secure contexts, options of `tls.connect`, and how a connection is closed. */

import type { Socket as NetSocket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { TlsFacts, TlsSession, TlsTarget } from "../src/contract/transport.ts";
import { nodeNet, nodeTls } from "./builtins.ts";
import { optionsError } from "./error-mapping.ts";

/** Contexts are kept per {@linkcode TlsTarget}, because parsing certificates costs more than a handshake. */
const contexts = new WeakMap<TlsTarget, SecureContext>();

function contextOf(tls: TlsTarget): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    context = newContext(tls);
    contexts.set(tls, context);
  }
  return context;
}

/** @throws {TransportError} if OpenSSL refuses the options: a key that is no PEM, a wrong passphrase, an unknown cipher. */
function newContext({ ca, pfx, ...rest }: TlsTarget): SecureContext {
  const { cert, key, passphrase, minVersion, maxVersion, ciphers } = rest;
  const options = { cert, key, passphrase, minVersion, maxVersion, ciphers };
  try {
    return nodeTls().createSecureContext({
      ...options,
      ca: ca === undefined ? undefined : [...ca],
      pfx: pfx === undefined ? undefined : (pfx as Buffer),
    });
  } catch (cause) {
    throw optionsError(cause);
  }
}

/** Options of `tls.connect`. */
export function nodeTlsOptions(tls: TlsTarget): ConnectionOptions {
  const options: ConnectionOptions = {
    secureContext: contextOf(tls),
    rejectUnauthorized: tls.verify,
    // Verify the requested name even if it is an address, which `servername` must not contain (RFC 6066 §3).
    checkServerIdentity: (_, certificate) => nodeTls().checkServerIdentity(tls.serverName, certificate),
  };
  if (nodeNet().isIP(tls.serverName) === 0) options.servername = tls.serverName;
  if (tls.alpn.length > 0) options.ALPNProtocols = [...tls.alpn];
  return options;
}

/** Whether the socket uses TLS. */
export function isTls(raw: NetSocket): raw is TLSSocket {
  return "encrypted" in raw;
}

/** The protocol that ALPN chose, if any. */
export function alpnOf(raw: NetSocket): string | undefined {
  const chosen = isTls(raw) ? raw.alpnProtocol : undefined;
  return typeof chosen === "string" ? chosen : undefined;
}

/** What the option `session` calls within `tls.connect`; missing in the types of Node 24. */
type Resumable = TLSSocket & { setSession(session: Uint8Array): void };

/** The sessions that were offered. Node shows no certificate on a resumed connection (Node 20 to 24). */
const offered = new WeakMap<TLSSocket, TlsSession>();

/**
 * The session to offer in the handshake that begins. Node does not call `checkServerIdentity` for a resumed connection, so
 * a session of another name is never offered.
 */
function sessionFor({ sessions, serverName }: TlsTarget): TlsSession | undefined {
  const session = sessions?.take();
  return session?.serverName === serverName ? session : undefined;
}

/** Starts TLS on a socket that is connected, which begins the handshake at once. */
export function startTlsOn(socket: NetSocket, tls: TlsTarget): TLSSocket {
  const session = sessionFor(tls);
  const options = { ...nodeTlsOptions(tls), socket };
  const raw = nodeTls().connect(
    session === undefined ? options : { ...options, session: session.bytes as Buffer },
  );
  watchSessions(raw, tls, session);
  return raw;
}

/**
 * Offers a session when TCP is connected: a connect attempt that fails earlier takes none. The listener comes before Node's
 * own, which begins the handshake.
 */
export function offerWhenConnected(raw: TLSSocket, tls: TlsTarget): TLSSocket {
  return raw.prependOnceListener("connect", () => {
    const session = sessionFor(tls);
    if (session !== undefined) (raw as Resumable).setSession(session.bytes);
    watchSessions(raw, tls, session);
  });
}

/**
 * Keeps the sessions that the peer sends. With TLS 1.3 they arrive after the handshake; Node holds back those of TLS 1.2
 * until the peer is verified (Node 20 to 24). What `rejectUnauthorized: false` let pass is not authorized, and not kept.
 */
function watchSessions(raw: TLSSocket, { sessions, serverName }: TlsTarget, session?: TlsSession): void {
  if (sessions === undefined) return;
  if (session !== undefined) offered.set(raw, session);
  raw.on("session", (bytes) => {
    if (!raw.authorized) return;
    sessions.keep({ bytes, serverName, subject: subjectOf(raw) }, raw.getProtocol() !== "TLSv1.3");
  });
}

function subjectOf(raw: TLSSocket): TlsFacts["subject"] {
  if (raw.isSessionReused()) return offered.get(raw)?.subject;
  const { subject } = raw.getPeerCertificate();
  return subject === undefined ? undefined : ({ ...subject } as TlsFacts["subject"]);
}

/** What the handshake agreed on. Read when the socket opens, because a socket that was destroyed no longer knows. */
export function tlsFactsOf(raw: NetSocket): TlsFacts | undefined {
  if (!isTls(raw)) return undefined;
  return {
    protocol: raw.getProtocol() ?? undefined,
    cipher: raw.getCipher().standardName,
    resumed: raw.isSessionReused(),
    subject: subjectOf(raw),
  };
}

/** How long a TLS peer may take to close its side where nothing waits for it. */
const TLS_END_MS = 5000;

/** And where it has something to read before, which it may do late. As long as on Deno. */
const TLS_READ_MS = 30_000;

/**
 * Closes a TLS socket without losing written bytes. Node 20 and 24 emit `finish` while encrypted bytes still wait, and
 * `destroySoon` would then drop them. So the socket is destroyed after the peer has closed its side, or after a timeout. It may have
 * ended its own before.
 */
export function closeTls(raw: TLSSocket): void {
  if (raw.destroyed) return;
  const timer = setTimeout(() => raw.destroy(), raw.writableLength === 0 ? TLS_END_MS : TLS_READ_MS);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
  if (raw.writableLength === 0) raw.unref();
  raw.end();
  raw.resume();
}
