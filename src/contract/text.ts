/** Text: converts bytes to strings if the transport has no faster way. */

import type { TextCodec } from "./transport.ts";

const utf8Decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The most arguments of one `String.fromCharCode` call. More may overflow the stack. */
const SLICE = 4096;

/** Portable code. `TextDecoder("latin1")` would decode windows-1252, which differs from 0x80 to 0x9f. */
export const portableText: TextCodec = {
  latin1(bytes, start, end) {
    let text = "";
    for (let at = start; at < end; at += SLICE) {
      text += String.fromCharCode(...bytes.subarray(at, Math.min(end, at + SLICE)));
    }
    return text;
  },
  utf8: (bytes, start, end) => utf8Decoder.decode(bytes.subarray(start, end)),
};

/** Bytes of UTF-8 up to `end` as text, without a byte order mark. */
export function decodedText(bytes: Uint8Array, codec: TextCodec, end: number = bytes.length): string {
  const marked = end >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return codec.utf8(bytes, marked ? 3 : 0, end);
}
