/** TCP: where what the transport applied falls short of what the user asked. */

import type { AppliedOptions, TcpKeepAlive } from "../contract/transport.ts";

/** One socket option that did not become what was asked. */
export interface Shortfall {
  readonly option: "tcpKeepAlive" | "noDelay";
  readonly asked: TcpKeepAlive | boolean;
  readonly applied: TcpKeepAlive | boolean;
}

/** The options that the transport could not honour. What the user left open is never a shortfall. */
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

/** The kernel counts whole seconds, so 1500 ms that became 1 s are as asked. */
function isSameTime(asked: number | undefined, applied: number | undefined): boolean {
  if (asked === undefined) return true;
  return applied !== undefined && Math.abs(asked - applied) < 1000;
}
