/** Small bodies are stored as text only if the same bytes can be restored. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { portableText } from "../../src/contract/text.ts";
import { asciiOf } from "../../src/exchange/ascii.ts";
import { clearedBytes } from "../../src/exchange/body-buffer.ts";
import { ResponseBody } from "../../src/exchange/response-body.ts";

const tools = { text: portableText, alloc: clearedBytes };
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A body with one character per byte, and whether it is stored as text. */
const BODIES: Record<string, [body: string, asText: boolean]> = {
  "plain text": ["hello", true],
  "control characters": ["\x00\t\r\n\x7f", true],
  "UTF-8 of two bytes": ["h\xc3\xa9", false],
  "UTF-8 of four bytes": ["\xf0\x9f\x98\x80", false],
  "a byte that is no UTF-8": ["a\xffb", false],
  "a cut character": ["ab\xc3", false],
  "a byte order mark": ["\xef\xbb\xbfab", false],
  "U+FFFD itself": ["a\xef\xbf\xbdb", false],
  "the largest size": ["x".repeat(4096), true],
  "one byte more": ["x".repeat(4097), false],
};

describe("a small body that arrives in one piece", () => {
  for (const [name, [body, asText]] of Object.entries(BODIES)) {
    it(`is ${asText ? "" : "not "}stored as text: ${name}`, () => {
      const bytes = bytesOf(`<${body}>`);
      assertEquals(asciiOf(bytes, 1, bytes.length - 1, portableText), asText ? body : undefined);
    });
  }

  it("is the same in each form, and independent of the buffer in which it arrived", async () => {
    for (const [body] of Object.values(BODIES)) {
      const forms = [0, 1, 2, 3].map(() => new ResponseBody(undefined, body.length, tools));
      for (const form of forms) {
        const bytes = bytesOf(`<${body}>`);
        form.push(bytes, 1, bytes.length - 1);
        bytes.fill(0);
        form.end();
      }
      const [whole, text, content, stream] = forms as [
        ResponseBody,
        ResponseBody,
        ResponseBody,
        ResponseBody,
      ];
      assertEquals(await whole.bytes(), bytesOf(body));
      assertEquals(await text.text(), new TextDecoder().decode(bytesOf(body)));
      const taken = content.takeContent() ?? "";
      assertEquals(typeof taken === "string" ? bytesOf(taken) : taken, bytesOf(body));
      assertEquals(new Uint8Array(await new Response(stream.stream()).arrayBuffer()), bytesOf(body));
    }
  });
});
