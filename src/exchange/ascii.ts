/**
 * ASCII: a small body that arrives in one piece is stored as text, which most callers ask for, instead of as a copy of its
 * bytes. On Node 24 a small typed array costs 0.5 µs to allocate and as much again to collect; decoding costs 0.1 µs.
 */

import type { TextCodec } from "../contract/transport.ts";

/** The largest body that is stored so. Copying a larger one is cheap compared with reading it. */
const MOST = 4096;

/** The bytes as text if they are ASCII, so that {@linkcode asciiBytes} can restore them; else `undefined`. */
export function asciiOf(bytes: Uint8Array, start: number, end: number, codec: TextCodec): string | undefined {
  if (end - start > MOST) return undefined;
  const text = codec.utf8(bytes, start, end);
  // Multi-byte characters make the text shorter than the bytes, and malformed UTF-8 becomes U+FFFD.
  return text.length === end - start && !text.includes("\ufffd") ? text : undefined;
}

const encoder = new TextEncoder();

/** The bytes of an ASCII text. */
export function asciiBytes(text: string): Uint8Array {
  return encoder.encode(text);
}
