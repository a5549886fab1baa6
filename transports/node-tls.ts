/** TLS on Node: contexts, options, and the end of a connection. */

import type { Socket as NetSocket } from "node:net";
import type { ConnectionOptions, SecureContext, TLSSocket } from "node:tls";
import type { TlsTarget } from "../src/contract/transport.ts";
import { nodeNet, nodeTls } from "./builtins.ts";

/** Parsing certificates costs more than a handshake: once per {@linkcode TlsTarget}, not once per socket. */
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
    // The name asked for, even where `servername` may not say it: SNI holds no addresses (RFC 6066 §3).
    checkServerIdentity: (_, certificate) => nodeTls().checkServerIdentity(tls.serverName, certificate),
  };
  if (nodeNet().isIP(tls.serverName) === 0) options.servername = tls.serverName;
  if (tls.alpn.length > 0) options.ALPNProtocols = [...tls.alpn];
  return options;
}

/** Whether it speaks TLS. */
export function isTls(raw: NetSocket): raw is TLSSocket {
  return "encrypted" in raw;
}

/** What ALPN chose. */
export function alpnOf(raw: NetSocket): string | undefined {
  const chosen = isTls(raw) ? raw.alpnProtocol : undefined;
  return typeof chosen === "string" ? chosen : undefined;
}

/** How long a TLS peer may take to answer our end with its own. */
const TLS_END_MS = 5000;

/**
 * Ends a TLS socket without cutting off what was written: it says `finish` while encrypted bytes still wait
 * (Node 20 and 24), and `destroySoon` would drop them then. So the peer's end is awaited, but not for ever.
 */
export function finishTls(raw: TLSSocket): void {
  if (raw.destroyed || raw.writableEnded) return;
  const timer = setTimeout(() => raw.destroy(), TLS_END_MS);
  timer.unref();
  raw.once("close", () => clearTimeout(timer));
  if (raw.writableLength === 0) raw.unref();
  raw.end();
  raw.resume();
}
