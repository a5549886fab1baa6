/** Huffman: the code of string literals (RFC 7541 §5.2, Appendix B), both ways. */

import type { ByteWriter } from "../byte-writer.ts";
import { HpackError } from "./hpack-error.ts";

/** The bits of each byte's code, and of EOS. The code is canonical: the lengths alone determine it. */
const LENGTHS = Uint8Array.of(
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28],
  ...[28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6],
  ...[6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
  ...[7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6],
  ...[7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23],
  ...[24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23],
  ...[22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26],
  ...[20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26],
  ...[26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26],
  ...[27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30],
);

const EOS = 256;
const LONGEST = 30;
const CODES = codes();

/**
 * Decodes eight bits a step: 256 entries for each node of the code's tree that is some whole bytes deep. An entry is
 * either `NODE` and the place of the next node, or the number of bits that end a code, and its symbol.
 */
const NODE = 0x8000;
const SYMBOL = 0x1ff;
const BITS_SHIFT = 9;
const STEPS = steps();

/** The bytes that `length` bytes of Huffman code decode to at most: the shortest code has 5 bits. */
export function mostDecoded(length: number): number {
  return Math.floor((length * 8) / 5);
}

/**
 * Decodes into `to`, which has room for {@linkcode mostDecoded}, and returns the number of bytes.
 *
 * @throws {HpackError} if EOS occurs, or the padding is longer than 7 bits or not the beginning of EOS.
 */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, to: Uint8Array): number {
  let count = 0;
  let pending = 0;
  let bits = 0;
  let node = 0;
  for (let at = start; at < end; at++) {
    pending = (pending << 8) | (bytes[at] as number);
    bits += 8;
    while (bits >= 8) {
      const step = STEPS[node + ((pending >>> (bits - 8)) & 0xff)] as number;
      if (step >= NODE) {
        node = step - NODE;
        bits -= 8;
        continue;
      }
      if ((step & SYMBOL) === EOS) throw new HpackError("The end-of-string symbol occurs in a string");
      to[count++] = step & SYMBOL;
      bits -= step >>> BITS_SHIFT;
      node = 0;
    }
  }
  return tail(pending, bits, node, to, count);
}

/** Decodes the last codes, which end in the last byte, and checks the padding behind them. */
function tail(pending: number, left: number, node: number, to: Uint8Array, decoded: number): number {
  let bits = left;
  let count = decoded;
  let from = node;
  while (bits > 0) {
    const step = STEPS[from + ((pending << (8 - bits)) & 0xff)] as number;
    const used = step >>> BITS_SHIFT;
    if (step >= NODE || used > bits) break;
    to[count++] = step & SYMBOL;
    bits -= used;
    from = 0;
  }
  const ones = (1 << bits) - 1;
  if (from !== 0 || (pending & ones) !== ones) throw new HpackError("The padding of a string is not valid");
  return count;
}

/** The bytes of `text` as Huffman code. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let at = 0; at < text.length; at++) bits += LENGTHS[text.charCodeAt(at) & 0xff] as number;
  return (bits + 7) >>> 3;
}

/** Appends `text` as Huffman code. It is `length` bytes long, by {@linkcode huffmanLength}. */
export function huffmanEncode(text: string, length: number, out: ByteWriter): void {
  out.reserve(length);
  const { bytes } = out;
  let to = out.length;
  let pending = 0;
  let bits = 0;
  for (let at = 0; at < text.length; at++) {
    const byte = text.charCodeAt(at) & 0xff;
    let code = CODES[byte] as number;
    let more = LENGTHS[byte] as number;
    // With up to 7 pending bits, a code of more than 24 bits goes beyond 31: its first bits are written alone.
    if (more > 24) {
      more -= 16;
      pending = (pending << more) | (code >>> 16);
      for (bits += more; bits >= 8; bits -= 8) bytes[to++] = pending >>> (bits - 8);
      code &= 0xffff;
      more = 16;
    }
    pending = (pending << more) | code;
    for (bits += more; bits >= 8; bits -= 8) bytes[to++] = pending >>> (bits - 8);
  }
  if (bits > 0) bytes[to++] = (pending << (8 - bits)) | (0xff >>> bits);
  out.length = to;
}

/** Shorter codes come first, and those of equal length are in the order of their bytes. */
function codes(): Uint32Array {
  const found = new Uint32Array(LENGTHS.length);
  let code = 0;
  for (let length = 1; length <= LONGEST; length++) {
    code <<= 1;
    for (let symbol = 0; symbol <= EOS; symbol++) if (LENGTHS[symbol] === length) found[symbol] = code++;
  }
  return found;
}

function steps(): Uint16Array {
  const table: number[] = new Array(256).fill(0);
  for (let symbol = 0; symbol <= EOS; symbol++) {
    let left = LENGTHS[symbol] as number;
    const code = CODES[symbol] as number;
    let node = 0;
    for (; left > 8; left -= 8) {
      const at = node + ((code >>> (left - 8)) & 0xff);
      if (table[at] === 0) {
        table[at] = NODE + table.length;
        for (let entry = 0; entry < 256; entry++) table.push(0);
      }
      node = (table[at] as number) - NODE;
    }
    // All bytes that begin with the rest of the code.
    const first = node + ((code << (8 - left)) & 0xff);
    table.fill((left << BITS_SHIFT) | symbol, first, first + (1 << (8 - left)));
  }
  return Uint16Array.from(table);
}
