/**
 * ASCII: a small body that arrives whole is kept as the text that most callers ask for, not as a copy of its bytes.
 * Allocating a small typed array costs some 0.5 µs on Node 24, and its garbage as much again; decoding 0.1 µs.
 */

import type { TextCodec } from "../contract/transport.ts";

/** Bodies up to this size. Larger ones are copied: then a copy is cheap beside reading them. */
const MOST = 4096;

/** The bytes as text, if they are ASCII, so that the text can be turned back into them; else `undefined`. */
export function asciiOf(bytes: Uint8Array, start: number, end: number, codec: TextCodec): string | undefined {
  if (end - start > MOST) return undefined;
  const text = codec.utf8(bytes, start, end);
  // Whatever takes several bytes makes the text shorter, and what is no UTF-8 becomes U+FFFD.
  return text.length === end - start && !text.includes("\ufffd") ? text : undefined;
}

const encoder = new TextEncoder();

/** The bytes of such a text. */
export function asciiBytes(text: string): Uint8Array {
  return encoder.encode(text);
}
