/** TLS on Node: secure contexts, options of `tls.connect`, and how a connection is closed. */

import type { Socket as NetSocket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { TlsTarget } from "../src/contract/transport.ts";
import { nodeNet, nodeTls } from "./builtins.ts";

/** Contexts are kept per {@linkcode TlsTarget}, because parsing certificates costs more than a handshake. */
const contexts = new WeakMap<TlsTarget, SecureContext>();

function contextOf(tls: TlsTarget): SecureContext {
  let context = contexts.get(tls);
  if (context === undefined) {
    const { ca, cert, key } = tls;
    context = nodeTls().createSecureContext({ ca: ca === undefined ? undefined : [...ca], cert, key });
    contexts.set(tls, context);
  }
  return context;
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

/** How long a TLS peer may take to close its side. */
const TLS_END_MS = 5000;

/**
 * Closes a TLS socket without losing written bytes. Node 20 and 24 emit `finish` while encrypted bytes still wait, and
 * `destroySoon` would then drop them. So the socket is destroyed after the peer has closed its side, or after a timeout.
 */
export function closeTls(raw: TLSSocket): void {
  if (raw.destroyed || raw.writableEnded) return;
  const timer = setTimeout(() => raw.destroy(), TLS_END_MS);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
  if (raw.writableLength === 0) raw.unref();
  raw.end();
  raw.resume();
}
