/**
 * Whole body: a short body of Blobs is read before a connection is asked for. So it leaves with its head in one write, no
 * connection is held while it is read, and its bytes serve if the request has to be sent again. With a stream, head and body
 * were a write each, and 16 KiB took 1.5 to 2 times as much CPU time (Node 24, Deno 2.9, Bun 1.4).
 */

import type { Wire } from "../contract/wire.ts";
import type { BodyMemory } from "../pool/body-memory.ts";
import type { Lease } from "../pool/connection.ts";
import type { WireRequest } from "./message.ts";
import type { StreamBody } from "./request-body.ts";

/**
 * Starts to read the body of `request`, if it is such a one. With `Expect: 100-continue` the server may not want the body, which is
 * then not read in vain. Trailers need a body in chunks.
 */
export function wholeBody(
  { body, fields }: WireRequest,
  memory: BodyMemory | undefined,
): Uint8Array | Promise<Uint8Array> | undefined {
  if (body?.kind !== "stream" || body.trailers !== undefined || fields.expectContinue) return undefined;
  return body.whole?.(memory);
}

/**
 * Gives the memory of a body back after the only attempt of its request, unless the connection may still refer to it: a socket whose
 * kernel has not taken all, or a stream of HTTP/2. The request has its own body again then.
 */
export function giveBodyBack(
  request: WireRequest,
  own: StreamBody,
  memory: BodyMemory,
  lease: Lease<Wire>,
): void {
  const { body } = request;
  const { multiplexed, socket } = lease.connection;
  if (body?.kind !== "bytes" || multiplexed || socket?.allWritten !== true) return;
  request.body = own;
  memory.giveBack(body.bytes as Uint8Array<ArrayBuffer>);
}
