/** Bun socket facts: which socket options are set, and whether a peer's address is known without a system call. */

import type { AppliedOptions, Target } from "../src/contract/transport.ts";
import type { BunRawSocket } from "./bun-api.ts";
import { kernelSeconds, LIBUV_PROBES } from "./tcp-keepalive.ts";

type Configurable = Pick<BunRawSocket<unknown>, "setNoDelay" | "setKeepAlive">;

/** Sets the options of a socket that has just been opened. */
export function applyOptions(raw: Configurable, target: Target): AppliedOptions {
  // A Unix socket has neither Nagle's algorithm nor probes.
  if (target.unixPath !== undefined) return { tcpKeepAlive: false, noDelay: true };
  const { tcpKeepAlive: asked, noDelay } = target;
  if (!noDelay) raw.setNoDelay(false); // Bun 1.4 turns it on itself
  if (asked === false) return { tcpKeepAlive: false, noDelay };
  const idleMs = kernelSeconds(asked.idleMs);
  raw.setKeepAlive(true, idleMs ?? 0);
  return { tcpKeepAlive: idleMs === undefined ? {} : { idleMs, ...LIBUV_PROBES }, noDelay };
}

const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/**
 * Whether the kernel would spell an address that was connected to the same way. Then the peer need not be asked for: its address
 * and its port are a system call each, 0.8 µs or more (Bun 1.4).
 */
export function isKernelSpelling(address: string | undefined): boolean {
  return address !== undefined && IPV4.test(address);
}
