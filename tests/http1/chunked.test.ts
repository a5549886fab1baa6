/** The chunked coding (RFC 9112 §7.1). */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { trailerFields } from "../../src/http1/parse/fields.ts";
import { faultOf, Runner, read, type Transcript } from "./transcript.ts";

const HEAD = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const chunked = (coded: string): Transcript => read(HEAD + coded);

const DECODED: Record<string, [coded: string, body: string, trailers?: string]> = {
  nothing: ["0\r\n\r\n", ""],
  "one chunk": ["5\r\nhello\r\n0\r\n\r\n", "hello"],
  "several chunks": ["1\r\na\r\n2\r\nbc\r\n3\r\ndef\r\n0\r\n\r\n", "abcdef"],
  "a size in lower-case hexadecimal": [`1a\r\n${"x".repeat(26)}\r\n0\r\n\r\n`, "x".repeat(26)],
  "a size in upper-case hexadecimal": [`1A\r\n${"x".repeat(26)}\r\n0\r\n\r\n`, "x".repeat(26)],
  "zeros in front of a size": ["0005\r\nhello\r\n0\r\n\r\n", "hello"],
  "16 digits of a size": ["0000000000000005\r\nhello\r\n0\r\n\r\n", "hello"],
  "several zeros for the last chunk": ["1\r\na\r\n0000\r\n\r\n", "a"],
  "CR LF and digits as data": ["9\r\n\r\n0\r\n\r\n5\r\r\n0\r\n\r\n", "\r\n0\r\n\r\n5\r"],
  "an extension": ["5;a=b\r\nhello\r\n0\r\n\r\n", "hello"],
  "an extension without a value": ["5;a\r\nhello\r\n0\r\n\r\n", "hello"],
  "a quoted extension": ['5;a="b;c"\r\nhello\r\n0\r\n\r\n', "hello"],
  "an extension on the last chunk": ["5\r\nhello\r\n0;last\r\n\r\n", "hello"],
  "spaces and tabs within an extension": ["5; \ta = b\r\nhello\r\n0\r\n\r\n", "hello"],
  "blanks before an extension": ["5 \t;a=b\r\nhello\r\n0 ;c\r\n\r\n", "hello"],
  "blanks around several extensions": ['5 ; a ; b = c ;d="e" ; f \r\nhello\r\n0\r\n\r\n', "hello"],
  "a quoted semicolon, quote and backslash": ['5;a="b;\\";\\\\";c\r\nhello\r\n0\r\n\r\n', "hello"],
  "an extension with an empty value": ["5;a=\r\nhello\r\n0\r\n\r\n", "hello"],
  "a value that is no token": ["5;a=b==/@\r\nhello\r\n0\r\n\r\n", "hello"],
  "spaces after a size": ["5  \r\nhello\r\n0 \r\n\r\n", "hello"],
  "a tab after a size": ["5\t\r\nhello\r\n0\r\n\r\n", "hello"],
  trailers: ["1\r\na\r\n0\r\nX-Sum: 1\r\nx-b:\t2 \r\n\r\n", "a", "X-Sum: 1\r\nx-b:\t2 \r\n"],
  "a folded trailer": ["0\r\nX-Sum: 1\r\n 2\r\n\r\n", "", "X-Sum: 1\r\n 2\r\n"],
};

const REFUSED: Record<string, [coded: string, fault: string]> = {
  "no size": ["\r\nhello", "bad-chunk"],
  "an extension for a size": [";a=b\r\n", "bad-chunk"],
  "a size that is not hexadecimal": ["g\r\n", "bad-chunk"],
  "a size with 0x in front": ["0x5\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a negative size": ["-1\r\n", "bad-chunk"],
  "a size with a plus": ["+5\r\nhello\r\n", "bad-chunk"],
  "a space before the size": [" 5\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a digit behind a blank": ["5 1\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a letter behind a blank": ["5 x\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a quotation behind a blank": ['5 "a"\r\nhello\r\n0\r\n\r\n', "bad-chunk"],
  "another blank than space and tab after the size": ["5\v\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a space and LF alone after the size": ["5 \nhello\r\n0\r\n\r\n", "bad-chunk"],
  "an extension without a name": ["5;\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "an extension of blanks": ["5; \r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "an extension without a name on the last chunk": ["5\r\nhello\r\n0;\r\n\r\n", "bad-chunk"],
  "a second extension without a name": ["5;a;\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "two semicolons": ["5;;a\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a value without a name": ["5;=a\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a quotation for a name": ['5;"a"\r\nhello\r\n0\r\n\r\n', "bad-chunk"],
  "a quotation that does not end": ['5;a="b\r\nhello\r\n0\r\n\r\n', "bad-chunk"],
  "a quotation that ends in another line": ['5;a="b\r\nhello\r\n0;"\r\n\r\n', "bad-chunk"],
  "a quotation whose end is escaped": ['5;a="b\\"\r\nhello\r\n0\r\n\r\n', "bad-chunk"],
  "an escaped line end": ['5;a="b\\\r\nhello\r\n0\r\n\r\n', "bad-chunk"],
  "an underscore in the size": ["1_0\r\n", "bad-chunk"],
  "a comma after the size": ["5,\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a size of 17 digits": ["00000000000000005\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "a size beyond what is exact": ["1000000000001\r\n", "bad-chunk"],
  "a size of 2^64": ["10000000000000000\r\n", "bad-chunk"],
  "a size of 2^32 + 5, spelled as -5 in 32 bits": ["fffffffffffffffb\r\n", "bad-chunk"],
  "LF alone after the size": ["5\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "CR alone after the size": ["5\rhello\r\n0\r\n\r\n", "bad-chunk"],
  "two CR after the size": ["5\r\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "LF alone after an extension": ["5;a\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "CR within an extension": ["5;a\rb\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "NUL in an extension": ["5;a\0\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "data longer than its size": ["5\r\nhello!\r\n0\r\n\r\n", "bad-chunk"],
  "data shorter than its size": ["6\r\nhello\r\n0\r\n\r\n", "bad-chunk"],
  "no line end after the data": ["5\r\nhello0\r\n\r\n", "bad-chunk"],
  "LF alone after the data": ["5\r\nhello\n0\r\n\r\n", "bad-chunk"],
  "another byte than CR before the LF after the data": ["5\r\nhello \n0\r\n\r\n", "bad-chunk"],
  "CR alone after the data": ["5\r\nhello\r0\r\n\r\n", "bad-chunk"],
  "an empty line between chunks": ["5\r\nhello\r\n\r\n0\r\n\r\n", "bad-chunk"],
  "a trailer without a colon": ["0\r\nX-Sum\r\n\r\n", "bad-trailer"],
  "a space before a trailer's colon": ["0\r\nX-Sum : 1\r\n\r\n", "bad-trailer"],
  "a trailer that is a fold": ["0\r\n X-Sum: 1\r\n\r\n", "bad-trailer"],
  "NUL in a trailer": ["0\r\nX-Sum: \0\r\n\r\n", "bad-trailer"],
  "LF alone after a trailer": ["0\r\nX-Sum: 1\n\r\n", "bad-line-ending"],
  "LF alone for the last empty line": ["0\r\n\n", "bad-line-ending"],
  "CR and something else for the last empty line": ["0\r\n\rx", "bad-line-ending"],
  "the next response for a trailer": ["0\r\nHTTP/1.1 200 OK\r\n\r\n", "bad-trailer"],
};

describe("the chunked coding is decoded with", () => {
  for (const [name, [coded, body, trailers = ""]] of Object.entries(DECODED)) {
    it(name, () => {
      const found = chunked(coded);
      assertEquals(
        [found.fault, found.complete, found.body, found.trailers, found.consumed, found.reason],
        [undefined, true, body, trailers, HEAD.length + coded.length, undefined],
      );
    });
  }
});

describe("the chunked coding must not have", () => {
  for (const [name, [coded, fault]] of Object.entries(REFUSED)) {
    it(name, () => {
      const found = chunked(coded);
      assertEquals([faultOf(found), found.complete], [fault, false]);
      assertEquals(found.fault?.includes("(body)"), true, found.fault);
    });
  }
});

describe("a chunk", () => {
  it("of the largest exact size is accepted, and allocates nothing in advance", () => {
    const found = chunked("1000000000000\r\nhi");
    assertEquals([found.fault, found.body, found.complete], [undefined, "hi", false]);
  });

  it("is passed on before the rest of it has arrived", () => {
    const found = read(`${HEAD}ff\r\nabc`, { fin: false });
    assertEquals([found.body, found.complete], ["abc", false]);
  });
});

describe("trailers", () => {
  it("that frame the message are ignored, whatever their values", () => {
    for (const field of [
      "Content-Length: 3",
      "Content-Length: x",
      "Transfer-Encoding: gzip",
      "Connection: close",
    ]) {
      const found = chunked(`1\r\na\r\n0\r\n${field}\r\nX: 1\r\n\r\n`);
      assertEquals(
        [found.fault, found.complete, found.body, found.reason],
        [undefined, true, "a", undefined],
        field,
      );
      assertEquals(trailerFields(found.trailers), [["x", "1"]]);
    }
  });

  it("that frame the message are ignored beside a Content-Length in the head", () => {
    const found = read(
      "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 3\r\n\r\n",
    );
    assertEquals([found.fault, found.complete, found.reason], [undefined, true, "bad-framing"]);
  });

  it("do not appear in the next response of the connection", () => {
    const runner = new Runner();
    const bytes = (text: string) => Uint8Array.from(text, (c) => c.charCodeAt(0));
    const first = runner.run(bytes(`${HEAD}0\r\nX: 1\r\nContent-Length: 7\r\nConnection: close\r\n\r\n`));
    const second = runner.run(bytes(`${HEAD}1\r\na\r\n0\r\n\r\n`));
    assertEquals(
      [first.trailers !== "", second.trailers, second.body, second.reason],
      [true, "", "a", undefined],
    );
    assertEquals(JSON.parse(second.heads[0]!).contentLength, undefined);
  });
});
