/** HPACK's dynamic tables: eviction, changes of size, and what the encoder makes of them. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteWriter } from "../../../src/http2/byte-writer.ts";
import { HpackEncoder, type Indexing } from "../../../src/http2/hpack/hpack-encoder.ts";
import { HpackError } from "../../../src/http2/hpack/hpack-error.ts";
import { decoded, decoderOf, encoded, type Field, hexOf, tableOf } from "./support.ts";

const A: Field = ["a", "1"];
const B: Field = ["b", "2"];
const C: Field = ["c", "3"];

/** A block that sets the table to this size. */
const sized = (size: number): string => {
  const bytes = [0x3f];
  let rest = size - 31;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return hexOf(Uint8Array.from([...bytes, rest]));
};

describe("an HPACK decoder's table", () => {
  it("drops the oldest entries as soon as the size asks for it: 34 bytes each here", () => {
    const decoder = decoderOf(68);
    decoded(decoder, encoded(new HpackEncoder(), [A, B]));
    assertEquals(tableOf(decoder), [B, A]);
    decoded(decoder, encoded(new HpackEncoder(), [C]));
    assertEquals(tableOf(decoder), [C, B]);
  });

  it("keeps no second entry in one byte less", () => {
    const decoder = decoderOf(67);
    decoded(decoder, encoded(new HpackEncoder(), [A, B]));
    assertEquals(tableOf(decoder), [B]);
  });

  it("is emptied by an entry that is larger than it", () => {
    const decoder = decoderOf(68);
    decoded(decoder, encoded(new HpackEncoder(), [A, ["long", "x".repeat(33)]]));
    assertEquals(tableOf(decoder), []);
    assertEquals(decoded(decoder, encoded(new HpackEncoder(), [B])), [B]);
    assertEquals(tableOf(decoder), [B]);
  });

  it("names an entry after one that the insertion drops", () => {
    const decoder = decoderOf(34);
    decoded(decoder, encoded(new HpackEncoder(), [A]));
    assertEquals(decoded(decoder, "7e 01 39"), [["a", "9"]]);
    assertEquals(tableOf(decoder), [["a", "9"]]);
  });

  it("is of 4096 bytes until the peer says that it uses more", () => {
    const large = (at: number): Field => [`name-${at}`, "x".repeat(2000)];
    const bytes = encoded(new HpackEncoder(), [large(1), large(2), large(3)]);
    for (const [opening, kept] of [
      ["", 2],
      [sized(8192), 3],
    ] as const) {
      const decoder = decoderOf(65_536);
      assertEquals(decoded(decoder, opening), []);
      decoded(decoder, bytes);
      assertEquals(tableOf(decoder).length, kept, opening);
    }
  });

  it("comes down with an update, and goes up again without what was dropped", () => {
    const decoder = decoderOf();
    decoded(decoder, encoded(new HpackEncoder(), [A, B, C]));
    decoded(decoder, sized(68));
    assertEquals(tableOf(decoder), [C, B]);
    decoded(decoder, `20${sized(4096)}`);
    assertEquals(tableOf(decoder), []);
  });

  it("must be brought down at the beginning of the next block when less is announced", () => {
    const decoder = decoderOf();
    decoded(decoder, encoded(new HpackEncoder(), [A]));
    decoder.setTableSize(100);
    assertThrows(() => decoded(decoder, "82"), HpackError, "does not begin with the table size update");
    assertThrows(() => decoded(decoder, sized(101)), HpackError, "more than the 100 announced");
    assertEquals(decoded(decoder, `${sized(100)}82be`), [[":method", "GET"], A]);
    assertEquals(decoded(decoder, "82"), [[":method", "GET"]]);
  });

  it("needs no update when more is announced, or no less than it uses", () => {
    const decoder = decoderOf();
    decoder.setTableSize(8192);
    assertEquals(decoded(decoder, "82"), [[":method", "GET"]]);
    decoder.setTableSize(4096);
    assertEquals(decoded(decoder, "82"), [[":method", "GET"]]);
  });

  it("changes its version with every insertion, drop and change of size, and with nothing else", () => {
    const decoder = decoderOf();
    const changes = (block: string): boolean => {
      const before = decoder.version;
      decoded(decoder, block);
      return decoder.version !== before;
    };
    assertEquals(changes("82"), false);
    assertEquals(changes(sized(4096)), false);
    assertEquals(changes("0001610131"), false);
    assertEquals(changes("4001610131"), true);
    assertEquals(changes("be"), false);
    assertEquals(changes(sized(4000)), true);
    assertEquals(changes("20"), true);
    assertEquals(changes("4001610131"), true);
  });
});

describe("an HPACK encoder", () => {
  it("indexes, writes plainly, or forbids to index", () => {
    const encoder = new HpackEncoder();
    const hexes = (["index", "index", "plain", "never"] as const).map((how) =>
      hexOf(encoded(encoder, [A], how)),
    );
    assertEquals(hexes, ["4001610131", "be", "be", "1f2f0131"]);
    assertEquals(hexOf(encoded(encoder, [B], "plain")), "0001620132");
    assertEquals(hexOf(encoded(encoder, [[":method", "GET"]], "plain")), "82");
    assertEquals(hexOf(encoded(encoder, [["authorization", "1"]], "never")), "1f080131");
  });

  it("opens the next block with the new size, and only that", () => {
    const encoder = new HpackEncoder();
    encoder.setTableSize(100);
    assertEquals(hexOf(encoded(encoder, [A])), "3f45" + "4001610131");
    assertEquals(hexOf(encoded(encoder, [A])), "be");
    encoder.setTableSize(0);
    assertEquals(hexOf(encoded(encoder, [A])), "20" + "0001610131");
    encoder.setTableSize(30);
    assertEquals(hexOf(encoded(encoder, [A])), "3e" + "0001610131");
  });

  it("says the smallest size, too, if the size went down and up between two blocks (RFC 7541 §4.2)", () => {
    const encoder = new HpackEncoder();
    const decoder = decoderOf();
    decoded(decoder, encoded(encoder, [A]));
    encoder.setTableSize(0);
    encoder.setTableSize(10);
    encoder.setTableSize(4096);
    const block = encoded(encoder, [A]);
    assertEquals(hexOf(block), "20" + "3fe11f" + "4001610131");
    assertEquals(decoded(decoder, block), [A]);
    assertEquals(tableOf(decoder), [A]);
  });

  it("uses no more than 4096 bytes, however much the peer allows", () => {
    const encoder = new HpackEncoder();
    encoder.setTableSize(2 ** 32 - 1);
    assertEquals(hexOf(encoded(encoder, [A])), "4001610131");
  });

  it("leaves alone what would drive out more than half of its table", () => {
    const encoder = new HpackEncoder();
    const before = encoder.version;
    const large: Field = ["a", "x".repeat(2048 - 33 + 1)];
    encoded(encoder, [large]);
    assertEquals(encoder.version, before);
    encoded(encoder, [["a", "x".repeat(2048 - 33)]]);
    assertNotEquals(encoder.version, before);
  });

  it("changes its version when a copy of an earlier block would be wrong", () => {
    const encoder = new HpackEncoder();
    encoded(encoder, [A]);
    const steady = encoder.version;
    encoded(encoder, [A, [":method", "GET"], ["b", "2"]].slice(0, 2) as Field[]);
    encoded(encoder, [["x", "y"]], "never");
    encoded(encoder, [["x", "y"]], "plain");
    assertEquals(encoder.version, steady);
    encoder.setTableSize(200);
    const announced = encoder.version;
    assertNotEquals(announced, steady);
    encoded(encoder, [A]);
    // The block that says the size is not to be said again.
    assertNotEquals(encoder.version, announced);
  });

  it("forgets what its table drops, and finds what is still there", () => {
    const encoder = new HpackEncoder();
    const decoder = decoderOf(136);
    encoder.setTableSize(136);
    // The table has room for four of these. A name whose newest value is dropped is dropped itself.
    for (const fields of [
      [A, ["a", "2"], B, C],
      [A, ["a", "2"], B, C],
      [["d", "4"], A, ["a", "2"]],
      [["a", "9"], B, C, ["d", "4"], A],
    ] as Field[][]) {
      assertEquals(decoded(decoder, encoded(encoder, fields)), fields);
    }
  });
});

describe("HPACK, both ways", () => {
  const text = (max: number): fc.Arbitrary<string> =>
    fc
      .array(fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 32, max: 126 }) }, fc.nat({ max: 255 })), {
        maxLength: max,
      })
      .map((bytes) => String.fromCharCode(...bytes));
  const name = fc.oneof(fc.constantFrom("a", "b", ":path", "cookie", "etag", "x-y", "vary"), text(8));
  const value = fc.oneof(fc.constantFrom("", "1", "2", "GET", "gzip, deflate"), text(60), text(3000));
  const field = fc.tuple(name, value, fc.constantFrom<Indexing>("index", "index", "plain", "never"));
  const size = fc.oneof(fc.constantFrom(0, 31, 33, 64, 100, 4096, 65_536), fc.nat({ max: 5000 }));
  const step = fc.record({
    sizes: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, fc.array(size, { maxLength: 3 })),
    fields: fc.array(field, { maxLength: 8 }),
  });

  it("give back the fields for any fields, indexing and changes of the table's size", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const encoder = new HpackEncoder();
        const decoder = decoderOf();
        for (const { sizes, fields } of steps) {
          for (const limit of sizes) {
            encoder.setTableSize(limit);
            decoder.setTableSize(limit);
          }
          const block = encodedEach(encoder, fields);
          assertEquals(
            decoded(decoder, block),
            fields.map(([fieldName, fieldValue]) => [fieldName, fieldValue]),
          );
        }
      }),
      { numRuns: 600 },
    );
  });

  it("a block that left both versions alone may be sent again", () => {
    const encoder = new HpackEncoder();
    const decoder = decoderOf();
    const fields: Field[] = [[":method", "GET"], [":path", "/"], A, B];
    decoded(decoder, encoded(encoder, fields));
    const before = encoder.version;
    const block = encoded(encoder, fields);
    assertEquals(encoder.version, before);
    const version = decoder.version;
    for (let time = 0; time < 3; time++) assertEquals(decoded(decoder, block), fields);
    assertEquals(decoder.version, version);
    assert(block.length === 4, "each field is an index of one byte");
  });
});

function encodedEach(
  encoder: HpackEncoder,
  fields: readonly (readonly [string, string, Indexing])[],
): Uint8Array {
  const out = new ByteWriter(1);
  encoder.begin(out);
  for (const [fieldName, fieldValue, how] of fields) encoder.field(fieldName, fieldValue, how);
  encoder.end();
  return out.taken();
}
