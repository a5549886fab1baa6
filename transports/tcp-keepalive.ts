/**
 * TCP keepalive in the kernel's units: whole seconds, within the bounds of tcp(7). If a runtime passes on a value beyond
 * them, the kernel refuses it, and none of the three values is set (Node 20 to 24, Bun 1.4).
 */

import type { TcpKeepAlive } from "../src/contract/transport.ts";

/** Linux: the maximum of `TCP_KEEPIDLE` and `TCP_KEEPINTVL`, in seconds. */
const MAX_SECONDS = 32_767;
/** Linux: the maximum of `TCP_KEEPCNT`. */
const MAX_PROBES = 127;

/** Interval and probes that libuv (Node) and Bun set together with an idle time by default. */
export const LIBUV_PROBES: TcpKeepAlive = { intervalMs: 1000, probes: 10 };

/** Rounds a time to the kernel's units. `undefined`, below one second: the kernel keeps its default. */
export function kernelSeconds(ms: number | undefined): number | undefined {
  const seconds = Math.min(Math.floor((ms ?? 0) / 1000), MAX_SECONDS);
  return seconds >= 1 ? seconds * 1000 : undefined;
}

/** Rounds a number of probes. `undefined`: the kernel keeps its default. */
export function wholeProbes(probes: number | undefined): number | undefined {
  const count = Math.min(Math.floor(probes ?? 0), MAX_PROBES);
  return count >= 1 ? count : undefined;
}
