/** HPACK tests: blocks as hexadecimal digits, and fields as pairs. */

import { portableText } from "../../../src/contract/text.ts";
import { ByteWriter } from "../../../src/http2/byte-writer.ts";
import { HpackDecoder } from "../../../src/http2/hpack/hpack-decoder.ts";
import type { HpackEncoder, Indexing } from "../../../src/http2/hpack/hpack-encoder.ts";

/** A name and a value, with one character per byte. */
export type Field = readonly [name: string, value: string];

/** Blanks between the digits are for readers. */
export function bytesOf(hex: string): Uint8Array {
  const digits = hex.replace(/\s/g, "");
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) =>
    Number.parseInt(digits.slice(2 * at, 2 * at + 2), 16),
  );
}

export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export const decoderOf = (tableSize = 4096): HpackDecoder => new HpackDecoder(tableSize, portableText);

/** The fields of a block, given as bytes or as hexadecimal digits. */
export function decoded(decoder: HpackDecoder, block: string | Uint8Array): Field[] {
  const bytes = typeof block === "string" ? bytesOf(block) : block;
  const fields: Field[] = [];
  decoder.decode(bytes, 0, bytes.length, { field: (name, value) => fields.push([name, value]) });
  return fields;
}

/** A block of these fields. */
export function encoded(
  encoder: HpackEncoder,
  fields: readonly Field[],
  how: Indexing = "index",
): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter(16);
  encoder.begin(out);
  for (const [name, value] of fields) encoder.field(name, value, how);
  encoder.end();
  return out.taken();
}

/** The dynamic table, newest first: each entry is asked for by its index, which changes nothing. */
export function tableOf(decoder: HpackDecoder): Field[] {
  const fields: Field[] = [];
  try {
    for (let index = 62; ; index++) {
      // 0xff and the rest of an index, which is never above 254 here.
      fields.push(
        ...decoded(decoder, Uint8Array.of(...(index < 127 ? [0x80 + index] : [0xff, index - 127]))),
      );
    }
  } catch {
    return fields;
  }
}
