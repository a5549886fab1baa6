/**
 * Repeated: a head that is the last one once more, byte for byte, as the answers of one second often are. It says the
 * same, so it need not be read again: 0.2 µs less on Node 24 and Deno 2.9, of the 1.3 that the whole exchange takes.
 */

import type { TextCodec } from "../../contract/transport.ts";
import type { ResponseHead } from "./head.ts";

const CR = 13;
const LF = 10;

/** The position after a head like `head`, the empty line included, or -1 when something else stands at `start`. */
export function repeatedHead(
  head: ResponseHead | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
  codec: TextCodec,
): number {
  if (head === undefined) return -1;
  const { text } = head;
  const last = start + text.length;
  if (last + 2 > end || bytes[last] !== CR || bytes[last + 1] !== LF) return -1;
  return codec.latin1(bytes, start, last) === text ? last + 2 : -1;
}
