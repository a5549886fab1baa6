/** Bytes on Node: head, body and tail in one system call, and who may change their buffers when. */

import type { Socket as NetSocket } from "node:net";
import { copy, itself } from "./lent-bytes.ts";
import { isTls } from "./node-tls.ts";

/** Whoever writes to a socket. */
export interface BytesWriter {
  readonly native: NetSocket;
  /** The kernel has taken everything. */
  drained(): void;
}

/** Returns whether all was taken or copied, so that its buffers may change. `drained` is told otherwise, or `drain` of the socket. */
export function writeBytes(
  writer: BytesWriter,
  head: string | Uint8Array,
  body: Uint8Array | undefined,
  tail: string | undefined,
): boolean {
  const { native: raw } = writer;
  // Behind other bytes, Node queues the caller's buffer. If the caller transferred it, Node would send too few bytes: so copy.
  const isBehind = raw.writableLength > 0;
  const taken = writeParts(raw, head, body, tail, isBehind ? copy : itself);
  // Node counts as taken what is short, though libuv still holds the caller's buffer. TLS has encrypted it.
  if (!taken || isBehind || raw.writableLength === 0 || isTls(raw)) return taken;
  drainLater(writer);
  return false;
}

function writeParts(
  raw: NetSocket,
  head: string | Uint8Array,
  body: Uint8Array | undefined,
  tail: string | undefined,
  safe: typeof copy,
): boolean {
  if (body === undefined) return typeof head === "string" ? raw.write(head, "latin1") : raw.write(safe(head));
  raw.cork(); // so that one writev sends everything
  if (typeof head === "string") raw.write(head, "latin1");
  else raw.write(safe(head));
  let taken = raw.write(safe(body));
  if (tail !== undefined) taken = raw.write(tail, "latin1");
  raw.uncork();
  return taken;
}

/**
 * Node emits no "drain" for what counts as taken. What is written behind it is done later, also if it is empty, as what `node:http`
 * writes at the end of a request.
 */
function drainLater(writer: BytesWriter): void {
  const { native: raw } = writer;
  raw.write("", "latin1", (error) => {
    if (error) return;
    if (raw.writableLength > 0) drainLater(writer);
    else writer.drained();
  });
}
