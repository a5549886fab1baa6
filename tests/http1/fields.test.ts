/** Header fields: which ones are accepted, which are refused, and how they are read afterwards. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { Fields, headFields, trailerFields } from "../../src/http1/parse/fields.ts";
import { faultOf, read } from "./transcript.ts";

const message = (fields: string): string => `HTTP/1.1 200 OK\r\n${fields}\r\nContent-Length: 0\r\n\r\n`;

function fieldsOf(fields: string): (readonly [string, string])[] {
  const transcript = read(message(fields));
  assertEquals(transcript.fault, undefined);
  return [...headFields(JSON.parse(transcript.heads[0]!).text)].filter(([name]) => name !== "content-length");
}

const READ: Record<string, [text: string, fields: [string, string][]]> = {
  "in lower case": ["X-A: b", [["x-a", "b"]]],
  "without optional whitespace": ["a: \t b c \t ", [["a", "b c"]]],
  "with an empty value": ["a:", [["a", ""]]],
  "with a value of whitespace only": ["a: \t ", [["a", ""]]],
  "with every colon but the first in the value": ["a:b:c", [["a", "b:c"]]],
  "with obs-text": ["a: \x80\xff", [["a", "\x80\xff"]]],
  "with every tchar in the name": ["!#$%&'*+-.^_`|~09az: x", [["!#$%&'*+-.^_`|~09az", "x"]]],
  "in order, with duplicates": [
    "a: 1\r\nb: 2\r\nA: 3",
    [
      ["a", "1"],
      ["b", "2"],
      ["a", "3"],
    ],
  ],
  "folded, with a space for the fold": ["a: b\r\n c", [["a", "b c"]]],
  "folded with a tab": ["a: b\r\n\tc", [["a", "b c"]]],
  "folded over three lines": [
    "a: b\r\n c\r\n  d\r\nx: y",
    [
      ["a", "b c d"],
      ["x", "y"],
    ],
  ],
  "folded with nothing on the first line": ["a:\r\n b", [["a", "b"]]],
  "folded with nothing on the last line": ["a: b\r\n ", [["a", "b"]]],
  "folded with a colon in the fold": ["a: b\r\n c: d", [["a", "b c: d"]]],
};

const REFUSED: Record<string, [text: string, fault: string]> = {
  "a space before the colon (RFC 9112 §5.1)": ["a : b", "bad-header"],
  "a tab before the colon": ["a\t: b", "bad-header"],
  "a space within the name": ["a b: c", "bad-header"],
  "a space before the first name": [" a: b", "bad-header"],
  "no name": [": b", "bad-header"],
  "no colon": ["a", "bad-header"],
  "a name of obs-text": ["caf\xe9: b", "bad-header"],
  "a name in parentheses": ["(a): b", "bad-header"],
  "NUL in the name": ["a\0: b", "bad-header"],
  "NUL in the value": ["a: b\0c", "bad-header"],
  "DEL in the value": ["a: b\x7f", "bad-header"],
  "vertical tab in the value": ["a: b\vc", "bad-header"],
  "NUL in a fold": ["a: b\r\n c\0", "bad-header"],
  "a bare CR in the value": ["a: b\rc: d", "bad-line-ending"],
  "two CR at the end": ["a: b\r", "bad-line-ending"],
  "LF alone at the end": ["a: b\nc: d", "bad-line-ending"],
  "a folded Content-Length": ["Content-Length:\r\n 0", "bad-content-length"],
  "a Content-Length that continues": ["Content-Length: 0\r\n 5", "bad-header"],
  "a folded Transfer-Encoding": ["Transfer-Encoding:\r\n chunked", "bad-header"],
  "a Transfer-Encoding that continues": ["Transfer-Encoding: chunked\r\n\t, x", "bad-header"],
  "a folded Connection": ["Connection:\r\n close", "bad-header"],
  "a folded Keep-Alive": ["Keep-Alive: timeout=5\r\n ,max=2", "bad-header"],
};

describe("header fields", () => {
  for (const [name, [text, fields]] of Object.entries(READ)) {
    it(`are read ${name}`, () => assertEquals(fieldsOf(text), fields));
  }

  for (const [name, [text, fault]] of Object.entries(REFUSED)) {
    it(`must not have ${name}`, () => {
      const transcript = read(message(text));
      assertEquals([faultOf(transcript), transcript.heads, transcript.complete], [fault, [], false]);
    });
  }

  it("have names of token characters only", () => {
    for (let code = 0; code < 256; code++) {
      const character = String.fromCharCode(code);
      if (character === "\r" || character === "\n" || character === ":") continue;
      const { fault } = read(message(`a${character}b: c`));
      assertEquals(fault === undefined, /[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character), `byte ${code}`);
    }
  });

  it("have values without control characters but tab", () => {
    for (let code = 0; code < 256; code++) {
      const { fault } = read(message(`a: b${String.fromCharCode(code)}c`));
      assertEquals(fault === undefined, code === 9 || (code >= 32 && code !== 127), `byte ${code}`);
    }
  });

  it("that frame the message are recognised in any letter case, and others of the same length are not", () => {
    const { heads } = read(
      "HTTP/1.1 200 OK\r\nCONTENT-LENGTH: 0\r\nKEEP-alive: timeout=5\r\nconnectioN: close\r\ncontent-lengty: 9\r\nconnections: x\r\n\r\n",
    );
    const { contentLength, keepAlive, connection, transferEncoding } = JSON.parse(heads[0]!);
    assertEquals(
      [contentLength, keepAlive, connection, transferEncoding],
      [0, "timeout=5", "close", undefined],
    );
  });

  it("that govern the connection are joined over lines", () => {
    const { heads } = read(
      message("Connection: a\r\nKeep-Alive: timeout=5\r\nConnection: close\r\nkeep-alive: max=2"),
    );
    const { keepAlive, connection } = JSON.parse(heads[0]!);
    assertEquals([keepAlive, connection], ["timeout=5, max=2", "a, close"]);
  });
});

describe("Fields", () => {
  const fields = new Fields("a: 1\r\nSet-Cookie: x=1\r\nset-cookie: y=2\r\nA: 2\r\n", 0);

  it("finds by name in any letter case and joins the lines", () => {
    assertEquals([fields.get("A"), fields.get("set-cookie"), fields.get("b")], ["1, 2", "x=1, y=2", null]);
    assertEquals([fields.has("SET-COOKIE"), fields.has("cookie")], [true, false]);
  });

  it("returns each line of a field that must not be joined", () => {
    assertEquals([fields.getAll("Set-Cookie"), fields.getAll("b")], [["x=1", "y=2"], []]);
  });

  it("can be iterated several times", () => {
    assertEquals(
      [
        [...fields].length,
        new Map(fields).get("a"),
        new Headers([...fields].map(([n, v]) => [n, v])).get("a"),
      ],
      [4, "2", "1, 2"],
    );
  });

  it("of a trailer section exclude those that frame, route or authenticate (RFC 9110 §6.5.1)", () => {
    const kept = trailerFields(
      "X-Sum: 1\r\nContent-Length: 5\r\nTransfer-Encoding: x\r\nSet-Cookie: a=b\r\nHost: h\r\nx-sum: 2\r\n",
    );
    assertEquals(kept, [
      ["x-sum", "1"],
      ["x-sum", "2"],
    ]);
  });
});
