/** HPACK's examples: Appendix C of RFC 7541. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ByteWriter } from "../../../src/http2/byte-writer.ts";
import { HpackEncoder } from "../../../src/http2/hpack/hpack-encoder.ts";
import { huffmanDecode, huffmanEncode, huffmanLength } from "../../../src/http2/hpack/huffman.ts";
import { bytesOf, decoded, decoderOf, encoded, type Field, hexOf, tableOf } from "./support.ts";

/** A block, what it says, and the table behind it, newest first. */
type Example = readonly [block: string, fields: readonly Field[], table: readonly Field[]];

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const GET_SECURELY: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "https"],
  [":path", "/index.html"],
  [":authority", "www.example.com"],
  ["custom-key", "custom-value"],
];
const AUTHORITY: Field = [":authority", "www.example.com"];
const NO_CACHE: Field = ["cache-control", "no-cache"];
const CUSTOM: Field = ["custom-key", "custom-value"];
const PRIVATE: Field = ["cache-control", "private"];
const DATE: Field = ["date", "Mon, 21 Oct 2013 20:13:21 GMT"];
const LATER: Field = ["date", "Mon, 21 Oct 2013 20:13:22 GMT"];
const LOCATION: Field = ["location", "https://www.example.com"];
const GZIP: Field = ["content-encoding", "gzip"];
const COOKIE: Field = ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"];

const REQUEST_FIELDS = [GET, [...GET, NO_CACHE], GET_SECURELY];
const REQUEST_TABLES = [[AUTHORITY], [NO_CACHE, AUTHORITY], [CUSTOM, NO_CACHE, AUTHORITY]];
const RESPONSE_FIELDS: readonly (readonly Field[])[] = [
  [[":status", "302"], PRIVATE, DATE, LOCATION],
  [[":status", "307"], PRIVATE, DATE, LOCATION],
  [[":status", "200"], PRIVATE, LATER, LOCATION, GZIP, COOKIE],
];
const RESPONSE_TABLES: readonly (readonly Field[])[] = [
  [LOCATION, DATE, PRIVATE, [":status", "302"]],
  [[":status", "307"], LOCATION, DATE, PRIVATE],
  [COOKIE, GZIP, LATER],
];

/** Blocks with the fields and tables that they share with the same examples without Huffman code, or with it. */
const examples = (
  blocks: readonly string[],
  fields: readonly (readonly Field[])[],
  tables: readonly (readonly Field[])[],
): Example[] => blocks.map((block, at) => [block, fields[at] ?? [], tables[at] ?? []]);

const HUFFMAN_REQUESTS = [
  "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
  "8286 84be 5886 a8eb 1064 9cbf",
  "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
];
const HUFFMAN_RESPONSES = [
  "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
  "4883 640e ffc1 c0bf",
  "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
];

/** Examples that follow one another on one connection, with the size of its table. */
const SERIES: Readonly<Record<string, [tableSize: number, examples: readonly Example[]]>> = {
  "C.2.1, a literal to be indexed": [
    4096,
    [
      [
        "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
        [["custom-key", "custom-header"]],
        [["custom-key", "custom-header"]],
      ],
    ],
  ],
  "C.2.2, a literal not to be indexed": [
    4096,
    [["040c 2f73 616d 706c 652f 7061 7468", [[":path", "/sample/path"]], []]],
  ],
  "C.2.3, a literal never to be indexed": [
    4096,
    [["1008 7061 7373 776f 7264 0673 6563 7265 74", [["password", "secret"]], []]],
  ],
  "C.2.4, an indexed field": [4096, [["82", [[":method", "GET"]], []]]],
  "C.3, requests": [
    4096,
    examples(
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
      REQUEST_FIELDS,
      REQUEST_TABLES,
    ),
  ],
  "C.4, requests in Huffman code": [4096, examples(HUFFMAN_REQUESTS, REQUEST_FIELDS, REQUEST_TABLES)],
  "C.5, responses": [
    256,
    examples(
      [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      ],
      RESPONSE_FIELDS,
      RESPONSE_TABLES,
    ),
  ],
  "C.6, responses in Huffman code": [256, examples(HUFFMAN_RESPONSES, RESPONSE_FIELDS, RESPONSE_TABLES)],
};

describe("HPACK's examples", () => {
  for (const [name, [tableSize, series]] of Object.entries(SERIES)) {
    it(`decode as ${name}`, () => {
      const decoder = decoderOf(tableSize);
      for (const [block, fields, table] of series) {
        assertEquals(decoded(decoder, block), [...fields]);
        assertEquals(tableOf(decoder), [...table]);
      }
    });
  }

  it("are what the encoder writes for the requests of C.4", () => {
    const encoder = new HpackEncoder();
    const blocks = REQUEST_FIELDS.map((fields) => hexOf(encoded(encoder, fields)));
    assertEquals(
      blocks,
      HUFFMAN_REQUESTS.map((block) => block.replaceAll(" ", "")),
    );
  });

  it("are what the encoder writes for the responses of C.6, but for what is no shorter, and a field of more than half of the table", () => {
    const encoder = new HpackEncoder();
    encoder.setTableSize(256);
    const fields = RESPONSE_FIELDS.map((list) => list.filter((field) => field !== COOKIE));
    const blocks = fields.map((list) => hexOf(encoded(encoder, list)));
    const [first, , third = ""] = HUFFMAN_RESPONSES.map((block) => block.replaceAll(" ", ""));
    // "307" has three bytes either way, and a peer reads the plain ones faster.
    assertEquals(blocks, [`3fe101${first}`, "4803333037c1c0bf", third.slice(0, third.indexOf("77ad"))]);
  });

  it("of integers: 10 and 1337 in five bits, and 42 in eight", () => {
    // A table size has a prefix of five bits. 42 is here the length of a string, in seven bits.
    const sizes = (block: string): number => {
      const decoder = decoderOf(1337);
      decoded(decoder, block);
      return decoder.version;
    };
    assertEquals(sizes("2a"), 1);
    assertEquals(sizes("3f9a0a"), 0);
    assertEquals(decoded(decoderOf(), `0001612a${"62".repeat(42)}`), [["a", "b".repeat(42)]]);
  });
});

describe("Huffman code", () => {
  it("gives back every byte", () => {
    const text = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
    const out = new ByteWriter(1);
    huffmanEncode(text, huffmanLength(text), out);
    const to = new Uint8Array(2 * out.length);
    const count = huffmanDecode(out.bytes, 0, out.length, to);
    assertEquals(String.fromCharCode(...to.subarray(0, count)), text);
    assertEquals(out.length, huffmanLength(text));
  });

  it("has a code of 30 bits, which begins as the end of the string does", () => {
    assertEquals(huffmanLength("\n"), 4);
    const to = new Uint8Array(6);
    assertEquals(huffmanDecode(bytesOf("fffffff3"), 0, 4, to), 1);
    assertEquals(to[0], 10);
  });
});
