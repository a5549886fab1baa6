/** Own bytes: what is written for callers who may change their buffer as soon as the write counts as taken, as Node's streams promise. */

import type { Socket } from "./transport.ts";

/** Writes up to this length may count as taken while the runtime still holds the buffer: Node counts up to 64 KiB so. */
const HELD = 65_536;

/** The bytes, or a copy of them. A transport may keep what is short or waits behind other bytes. */
export function ownBytes(bytes: Uint8Array, { allWritten }: Pick<Socket, "allWritten">): Uint8Array {
  return bytes.length <= HELD || allWritten !== true ? new Uint8Array(bytes) : bytes;
}
