/** TLS target: from the user's TLS options to what a transport needs for one peer. */

import type { TlsTarget } from "../contract/transport.ts";
import type { TlsOptions } from "./options.ts";
import { SessionStore } from "./session-store.ts";

/** TLS with the peer called `hostname`. The sessions of a target are resumed with this target only. */
export function tlsTargetOf(hostname: string, options: TlsOptions): TlsTarget {
  const { ca, cert, key, serverName, rejectUnauthorized } = options;
  return {
    // A trailing dot is not sent (RFC 6066 §3), and no certificate has one.
    serverName: serverName ?? hostname.replace(/\.$/, ""),
    ca: typeof ca === "string" ? [ca] : ca,
    cert,
    key,
    verify: rejectUnauthorized ?? true,
    alpn: ["http/1.1"],
    sessions: new SessionStore(),
  };
}
