/** HPACK's bounds: what a decoder refuses, and that it costs no more than the block is long. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { HpackEncoder } from "../../../src/http2/hpack/hpack-encoder.ts";
import { HpackError } from "../../../src/http2/hpack/hpack-error.ts";
import { tooSlow } from "../../bounds/linear.ts";
import { bytesOf, decoded, decoderOf, encoded, type Field } from "./support.ts";

/** Blocks that break RFC 7541, and what the error says of it. Each is read with a table of 4096 bytes. */
const MALFORMED: Readonly<Record<string, [block: string, message: string]>> = {
  "index 0": ["80", "There is no table entry 0"],
  "an index beyond an empty table": ["be", "There is no table entry 62"],
  "an index beyond the entries": ["4001610162 bf", "There is no table entry 63"],
  "a name's index beyond the table": ["7f00 00", "There is no table entry 63"],
  "a name's index beyond the table, not to be indexed": ["0f30 00", "There is no table entry 63"],
  "an index above 2^31 - 1": ["ff 81ffffff 07", "An integer is too large"],
  "an index of 2^35": ["ff 80808080 8001", "An integer is too large"],
  "an integer of too many bytes, though they are zeros": ["ff 80808080 8000", "An integer is too large"],
  "a length above 2^31 - 1": ["0001 61 7f81ffffff07", "An integer is too large"],
  "an integer that does not end": ["ff80", "A block ends within an integer"],
  "an index without its rest": ["ff", "A block ends within an integer"],
  "a length that does not end": ["00 7f", "A block ends within an integer"],
  "a literal without a name": ["40", "A block ends within a field"],
  "a literal without a value": ["4001 61", "A block ends within a field"],
  "an indexed name without a value": ["44", "A block ends within a field"],
  "a name longer than the block": ["4002 61", "A string is longer than its block"],
  "a value longer than the block": ["4001 61 03 6162", "A string is longer than its block"],
  "a Huffman string longer than the block": ["4001 61 82 1f", "A string is longer than its block"],
  "padding of 8 bits": ["0001 61 82 1fff", "The padding of a string is not valid"],
  "padding of 30 bits, in which EOS fits": ["0001 61 85 1ffffffffc", "The end-of-string symbol"],
  "a string of nothing but 8 bits of padding": ["0001 61 81 ff", "The padding of a string is not valid"],
  "padding of zeros": ["0001 61 81 18", "The padding of a string is not valid"],
  "padding with one zero": ["0001 61 81 1e", "The padding of a string is not valid"],
  "EOS in a string": ["0001 61 84 ffffffff", "The end-of-string symbol"],
  "a size update above the announced size": [
    "3fe21f",
    "A table size of 4097 is more than the 4096 announced",
  ],
  "a size update of almost 2^31": ["3f e0ffffff07", "A table size of 2147483647 is more than the 4096"],
  "a size update behind a field": ["82 20", "A table size update is not at the beginning of a block"],
  "a size update between fields": ["82 3fe11f 82", "A table size update is not at the beginning of a block"],
};

/** Names and values that decode, but are no fields (RFC 9113 §8.2.1). */
const NO_FIELDS: Readonly<Record<string, Field>> = {
  "an empty name": ["", "a"],
  "a lonely colon": [":", "a"],
  "a capital letter": ["aB", "a"],
  "a blank in the name": ["a b", "a"],
  "a colon behind the first character": ["a:b", "a"],
  "two colons": ["::a", "a"],
  "obs-text in the name": ["\xe4", "a"],
  "a NUL in the value": ["a", "b\0"],
  "a line feed in the value": ["a", "b\nc: d"],
  "a carriage return in the value": ["a", "\r"],
  "DEL in the value": ["a", "\x7f"],
};

/** The third argument of a sink: what it gives for a field of this name and value. */
function linesOf(block: Uint8Array, decoder = decoderOf()): string[] {
  const lines: string[] = [];
  decoder.decode(block, 0, block.length, { field: (_name, _value, line) => lines.push(line) });
  return lines;
}

describe("an HPACK decoder", () => {
  for (const [name, [block, message]] of Object.entries(MALFORMED)) {
    it(`refuses ${name}`, () => {
      assertThrows(() => decoded(decoderOf(), block), HpackError, message);
    });
  }

  it("takes an integer of five more bytes, zeros among them", () => {
    // A length of 127 + 3 = 130, with zeros behind it.
    assertEquals(decoded(decoderOf(), `0001617f8380808000${"62".repeat(130)}`), [["a", "b".repeat(130)]]);
  });

  it("takes padding of up to 7 bits", () => {
    // "a" has five bits, "b" and "=" have six, and "?" has ten.
    for (const [value, block] of [
      ["a", "0001 61 81 1f"],
      ["b", "0001 61 81 8f"],
      ["&", "0001 61 81 f8"],
      ["?", "0001 61 82 ff3f"],
      ["", "0001 61 80"],
    ] as const) {
      assertEquals(decoded(decoderOf(), block), [["a", value]]);
    }
  });

  for (const [name, [fieldName, value]] of Object.entries(NO_FIELDS)) {
    it(`gives no line for ${name}, whether literal, in Huffman code or of the table`, () => {
      const literal = [0x40, fieldName.length, ...codes(fieldName), value.length, ...codes(value)];
      assertEquals(linesOf(Uint8Array.from([...literal, 0xbe])), ["", ""]);
      assertEquals(linesOf(encoded(new HpackEncoder(), [[fieldName, value]])), [""]);
    });
  }

  it("gives a line for a good name of an entry with a bad value, but none for a bad name", () => {
    assertEquals(linesOf(Uint8Array.of(0x40, 1, 0x61, 1, 0, 0x7e, 1, 0x62)), ["", "a: b\r\n"]);
    assertEquals(linesOf(Uint8Array.of(0x40, 1, 0x41, 1, 0x62, 0x7e, 1, 0x62)), ["", ""]);
    assertEquals(linesOf(Uint8Array.of(0x40, 2, 0x3a, 0x61, 1, 0, 0x7e, 1, 0x62)), ["", ":a: b\r\n"]);
  });

  it("gives a line for every token in lower case, and leaves blanks around a value and obs-text in it", () => {
    const fields: Field[] = [
      ["!#$%&'*+-.^_`|~09az", " \t\xff "],
      [":a", ""],
    ];
    assertEquals(linesOf(encoded(new HpackEncoder(), fields)), [
      "!#$%&'*+-.^_`|~09az:  \t\xff \r\n",
      ":a: \r\n",
    ]);
  });

  it("tells which fields came as never indexed", () => {
    const seen: boolean[] = [];
    const block = bytesOf("1001 61 00 0001 61 00 4001 61 00 82 1f09 00");
    decoderOf().decode(block, 0, block.length, {
      field: (_name, _value, _line, sensitive) => seen.push(sensitive),
    });
    assertEquals(seen, [true, false, false, false, true]);
  });

  it("throws nothing but an HpackError, whatever the block is", () => {
    const holds = (blocks: Uint8Array[]): void => {
      const decoder = decoderOf();
      for (const block of blocks) {
        try {
          decoded(decoder, block);
        } catch (error) {
          assert(error instanceof HpackError, String(error));
          return;
        }
      }
    };
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), holds), {
      numRuns: 3000,
    });
  });

  it("throws nothing but an HpackError for a block that was damaged", () => {
    const block = encoded(new HpackEncoder(), [
      [":status", "200"],
      ["server", "nginx/1.22.1"],
      ["set-cookie", "a=b; path=/; \x80"],
      ["x-custom", "?".repeat(200)],
    ]);
    const holds = (at: number, byte: number, end: number): void => {
      const damaged = block.slice(0, end);
      if (at < end) damaged[at] = byte;
      try {
        decoded(decoderOf(), damaged);
      } catch (error) {
        assert(error instanceof HpackError, String(error));
      }
    };
    const upTo = (max: number): fc.Arbitrary<number> => fc.nat({ max });
    fc.assert(fc.property(upTo(block.length - 1), upTo(255), upTo(block.length), holds), { numRuns: 3000 });
  });

  it("reads each value as it is, though another of the same slot came before", () => {
    // All of a length, and the same in the first, second, middle and last byte, with and without Huffman code.
    const values = ["abcdefghi", "abXdefghi", "abcdefXhi", "abXdefXhi"];
    const decoder = decoderOf();
    for (const value of [...values, ...values.toReversed(), ...values]) {
      const plain = Uint8Array.from([0x0f, 0x02, value.length, ...codes(value)]);
      assertEquals(decoded(decoder, plain), [["accept-language", value]]);
      assertEquals(decoded(decoder, encoded(new HpackEncoder(), [["x", value]], "plain")), [["x", value]]);
    }
  });

  it("reads a value that it remembers only from bytes of the block", () => {
    const bytes = Uint8Array.from([0x0f, 0x02, 9, ...codes("abcdefghi")]);
    assertEquals(decoded(decoderOf(), bytes), [["accept-language", "abcdefghi"]]);
    const cut = (): void => decoderOf().decode(bytes, 0, bytes.length - 1, { field: () => {} });
    assertThrows(cut, HpackError, "A string is longer than its block");
  });

  it("gives no line for a bad value, though it came before", () => {
    const block = Uint8Array.from([0x0f, 0x02, 9, ...codes("abcd\nefgh")]);
    assertEquals(linesOf(Uint8Array.from([...block, ...block])), ["", ""]);
  });

  it("reads only the part of the bytes that is the block", () => {
    const decoder = decoderOf();
    const fields: Field[] = [];
    decoder.decode(bytesOf("ffff 82 86 ffff"), 2, 4, { field: (name, value) => fields.push([name, value]) });
    assertEquals(fields, [
      [":method", "GET"],
      [":scheme", "http"],
    ]);
    assertThrows(
      () => decoderOf().decode(bytesOf("4001 61 01 62"), 0, 4, { field: () => {} }),
      HpackError,
      "A string is longer than its block",
    );
  });
});

/** Blocks that ask for as much work as their length allows. */
const COSTLY: Readonly<Record<string, (length: number) => Uint8Array>> = {
  "size updates": (length) => new Uint8Array(length).fill(0x20),
  "size updates up and down": (length) =>
    Uint8Array.from({ length }, (_, at) => (at % 2 === 0 ? 0x20 : 0x3e)),
  "indexed fields": (length) => new Uint8Array(length).fill(0x82),
  "insertions of empty fields": (length) =>
    Uint8Array.from({ length: length - (length % 2) }, (_, at) => (at % 2 === 0 ? 0x41 : 0)),
  "insertions larger than the table": (length) => {
    const size = 5000;
    const entry = [0x41, 0x7f, ((size - 127) % 128) | 0x80, (size - 127) >> 7, ...new Array(size).fill(0x61)];
    return Uint8Array.from(new Array(Math.max(1, Math.floor(length / entry.length))).fill(entry).flat());
  },
  "one string": (length) => literal(length, 0, 0x61),
  "one string in Huffman code": (length) => literal(length, 0x80, 0),
  "one string of bytes that no value has": (length) => literal(length, 0, 0x0a),
};

function literal(length: number, flag: number, byte: number): Uint8Array {
  const block = new Uint8Array(length).fill(byte);
  const rest = length - 7 - 127;
  block.set([0x00, 1, 0x61, flag | 0x7f, (rest & 0x7f) | 0x80, ((rest >> 7) & 0x7f) | 0x80, rest >> 14]);
  return block;
}

describe("an HPACK decoder takes linear time", () => {
  for (const [name, blockOf] of Object.entries(COSTLY)) {
    it(`for ${name}`, () => {
      const blocks = new Map<string, Uint8Array>();
      const read = (key: string): unknown => decoded(decoderOf(), blocks.get(key) ?? new Uint8Array(0));
      const slow = tooSlow(read, (length) => {
        blocks.set(String(length), blockOf(8 * length));
        return String(length);
      });
      assertEquals(slow, undefined);
    });
  }
});

function codes(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}
