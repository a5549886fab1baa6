/**
 * Unsent: bytes that wait for the kernel, on runtimes whose `write` takes a part. They are their owner's, who may transfer
 * or shrink the buffer meanwhile: sent short, what is written next would be taken for the rest.
 */

import { TransportError } from "./transport-error.ts";

/** Bytes, and how many they were. */
export interface Unsent {
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** Bytes that wait from now on. */
export function unsent(bytes: Uint8Array): Unsent {
  return { bytes, length: bytes.length };
}

/** Whether they are all there, still. Node 20 has been seen to read the former length of a buffer that was transferred. */
export function isWhole({ bytes, length }: Unsent): boolean {
  if (bytes.length !== length) return false;
  try {
    bytes.subarray(0, 0);
    return true;
  } catch {
    return false;
  }
}

/** Nothing can follow on such a connection. */
export function tornError(): TransportError {
  return new TransportError(
    "other",
    "Bytes that waited to be sent were transferred or shrunk by their owner",
  );
}
