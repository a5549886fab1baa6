/**
 * Socket options: where the TCP keepalive and Nagle settings that a transport applied differ from what the user asked.
 * The kernel's options are `SO_KEEPALIVE`, `TCP_KEEPIDLE`, `TCP_KEEPINTVL`, `TCP_KEEPCNT` (tcp(7)) and `TCP_NODELAY`.
 */

import type { AppliedOptions, TcpKeepAlive } from "../contract/transport.ts";

/** One socket option that was not applied as asked. */
export interface Shortfall {
  readonly option: "tcpKeepAlive" | "noDelay";
  readonly asked: TcpKeepAlive | boolean;
  readonly applied: TcpKeepAlive | boolean;
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
