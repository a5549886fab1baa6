/**
 * TCP keepalive in the kernel's units: whole seconds within its bounds. What a runtime passes on beyond them
 * the kernel refuses, and then none of the three values is set (Node 20 to 24, Bun 1.4).
 */

import type { TcpKeepAlive } from "../src/contract/transport.ts";

/** Linux: the most that `TCP_KEEPIDLE` and `TCP_KEEPINTVL` take, in seconds. */
const MAX_SECONDS = 32_767;
/** Linux: the most that `TCP_KEEPCNT` takes. */
const MAX_PROBES = 127;

/** What libuv (Node) and Bun set next to the idle time when they are told nothing else. */
export const LIBUV_PROBES: TcpKeepAlive = { intervalMs: 1000, probes: 10 };

/** A time as the kernel will have it, or `undefined` where it keeps its own: below one second. */
export function kernelSeconds(ms: number | undefined): number | undefined {
  const seconds = Math.min(Math.floor((ms ?? 0) / 1000), MAX_SECONDS);
  return seconds >= 1 ? seconds * 1000 : undefined;
}

/** A number of probes as the kernel will have it, or `undefined` where it keeps its own. */
export function wholeProbes(probes: number | undefined): number | undefined {
  const count = Math.min(Math.floor(probes ?? 0), MAX_PROBES);
  return count >= 1 ? count : undefined;
}
