/**
 * Socket options: where the TCP keepalive and Nagle settings that a transport applied differ from what the user asked.
 * The kernel's options are `SO_KEEPALIVE`, `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(7)) and `TCP_NODELAY`.
 */

import type { AppliedOptions, TcpKeepAlive, TlsFeature, TlsTarget } from "../contract/transport.ts";

/** One socket option, or option of TLS, that was not applied as asked. */
export interface Shortfall {
  readonly option: "tcpKeepAlive" | "noDelay" | "http2" | `tls.${TlsFeature}`;
  readonly asked: TcpKeepAlive | boolean | string;
  readonly applied: TcpKeepAlive | boolean;
}

const TLS_FEATURES: readonly TlsFeature[] = ["minVersion", "maxVersion", "ciphers", "passphrase", "pfx"];

/** The TLS options that a transport cannot honour. `can`: those that it can. */
export function tlsShortfalls(
  asked: Pick<TlsTarget, TlsFeature>,
  can: readonly TlsFeature[] = TLS_FEATURES,
): Shortfall[] {
  return TLS_FEATURES.filter((name) => !can.includes(name) && !isGiven(name, asked[name])).map((name) => ({
    option: `tls.${name}`,
    // Secrets are not shown.
    asked: name === "passphrase" || name === "pfx" ? true : String(asked[name]),
    applied: false,
  }));
}

/** Whether it is so anyway: every runtime speaks TLS 1.2 and 1.3 and, unless told to, nothing older. */
function isGiven(name: TlsFeature, value: unknown): boolean {
  if (value === undefined) return true;
  return (name === "minVersion" && value === "TLSv1.2") || (name === "maxVersion" && value === "TLSv1.3");
}

/** The options that the transport did not apply as asked. A value that the user left open is never a shortfall. */
export function shortfalls(asked: AppliedOptions, applied: AppliedOptions): Shortfall[] {
  const found: Shortfall[] = [];
  if (!isHonoured(asked.tcpKeepAlive, applied.tcpKeepAlive)) {
    found.push({ option: "tcpKeepAlive", asked: asked.tcpKeepAlive, applied: applied.tcpKeepAlive });
  }
  if (asked.noDelay !== applied.noDelay) {
    found.push({ option: "noDelay", asked: asked.noDelay, applied: applied.noDelay });
  }
  return found;
}

function isHonoured(asked: TcpKeepAlive | false, applied: TcpKeepAlive | false): boolean {
  if (asked === false || applied === false) return asked === applied;
  return (
    isSameTime(asked.idleMs, applied.idleMs) &&
    isSameTime(asked.intervalMs, applied.intervalMs) &&
    (asked.probes === undefined || asked.probes === applied.probes)
  );
}

/** The kernel counts whole seconds, so 1 s counts as honouring 1500 ms. */
function isSameTime(asked: number | undefined, applied: number | undefined): boolean {
  if (asked === undefined) return true;
  return applied !== undefined && Math.abs(asked - applied) < 1000;
}
