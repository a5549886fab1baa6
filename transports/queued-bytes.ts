/**
 * Queued bytes: bytes that wait for the kernel, on runtimes whose `write` may accept only a part of them.
 *
 * The buffer belongs to the caller, who may transfer or shrink it meanwhile. If fewer bytes were sent than announced, the
 * peer would read the next message as the missing part. So the original length is kept and compared before each write.
 */

import { TransportError } from "./transport-error.ts";

/** Bytes, and their length when they were queued. */
export interface QueuedBytes {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Queues bytes: remembers their length. */
export function queued(bytes: Uint8Array): QueuedBytes {
  return { bytes, length: bytes.length };
}

/**
 * Whether no byte was transferred or cut off. The length alone is not reliable: optimised code on Node 20 has been seen to
 * read the former length of a transferred buffer. `subarray` throws then.
 */
export function isIntact({ bytes, length }: QueuedBytes): boolean {
  if (bytes.length !== length) return false;
  try {
    bytes.subarray(0, 0);
    return true;
  } catch {
    return false;
  }
}

/** The error of a connection that cannot continue, because queued bytes are gone. */
export function detachedError(): TransportError {
  return new TransportError(
    "other",
    "Bytes that waited to be sent were transferred or shrunk by their owner",
  );
}
