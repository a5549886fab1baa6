/** HPACK both ways: what our encoder writes, our decoder reads. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { portableText } from "../../../src/contract/text.ts";
import { ByteWriter } from "../../../src/http2/byte-writer.ts";
import { HpackDecoder } from "../../../src/http2/hpack/hpack-decoder.ts";
import { HpackEncoder } from "../../../src/http2/hpack/hpack-encoder.ts";

describe("HPACK, both ways", () => {
  it("gives back the fields, and writes one byte for each that the table knows", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096, portableText);
    const out = new ByteWriter(16);
    const fields = [
      ":method: GET\r\n",
      ":path: /a?b=c\r\n",
      "user-agent: Mozilla/5.0 \u00ff\r\n",
      "x-y: 1\r\n",
    ];
    for (const length of [29, 4, 4]) {
      out.clear();
      encoder.begin(out);
      for (const line of fields) {
        const colon = line.indexOf(": ");
        encoder.field(line.slice(0, colon), line.slice(colon + 2, -2), "index");
      }
      encoder.end();
      const lines: string[] = [];
      decoder.decode(out.bytes, 0, out.length, { field: (_name, _value, line) => lines.push(line) });
      assertEquals(lines, fields);
      assertEquals(out.length, length);
    }
  });
});
