/**
 * Text on Bun. JavaScriptCore puts the characters of a string 20 bytes behind the beginning of a page or so, and a processor of AMD copies
 * slowly where the destination lies less than 32 bytes behind the source within their pages: 16 KiB took 8 µs from the beginning of a page, and 2 from
 * elsewhere (Bun 1.4, AMD EPYC). So what begins at the beginning of its memory is moved first, which takes 1 µs.
 */

import type { TextCodec } from "../src/contract/transport.ts";
import { bufferText } from "./buffer.ts";

/** Shorter text is not copied in the way that is slow. */
const SHORTEST = 2048;

/** Where text is moved to. Longer text is rare. */
const MOVED = new Uint8Array(65 * 1024);
const LEAD = 1024;

/** The codec of Bun. */
export const bunText: TextCodec = {
  latin1: bufferText.latin1,
  utf8(bytes, start, end) {
    const length = end - start;
    const isSlow =
      length >= SHORTEST && length <= MOVED.length - LEAD && (bytes.byteOffset + start) % 4096 < 32;
    if (!isSlow) return bufferText.utf8(bytes, start, end);
    MOVED.set(bytes.subarray(start, end), LEAD);
    return bufferText.utf8(MOVED, LEAD, LEAD + length);
  },
};
