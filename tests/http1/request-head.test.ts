/** Request heads: nothing in them can end a line, start a second message or contradict the framing. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { originOf } from "../../src/contract/origin.ts";
import type { RequestMessage } from "../../src/contract/wire.ts";
import {
  checkMethod,
  type HeadParts,
  LastHead,
  NO_FIELDS,
  requestFields,
  writeHead,
} from "../../src/http1/send/request-head.ts";

const parts = (more: Partial<HeadParts> = {}): HeadParts => ({
  method: "GET",
  target: "/",
  host: "a.test",
  fields: NO_FIELDS,
  framing: "none",
  close: false,
  ...more,
});

const lines = (more: Partial<HeadParts> = {}): string[] => writeHead(parts(more)).split("\r\n");

const anyByte = fc.string({ unit: fc.nat(0x1ff).map((code) => String.fromCharCode(code)) });

function refusal(fields: [string, string][]): string {
  return assertThrows(() => requestFields(fields), TypeError).message;
}

describe("a request head", () => {
  it("has the target, the host and the connection first, and an empty line last", () => {
    assertEquals(lines({ target: "/a?b=c" }), [
      "GET /a?b=c HTTP/1.1",
      "host: a.test",
      "connection: keep-alive",
      "",
      "",
    ]);
  });

  it("says close if the connection ends afterwards", () => {
    assert(lines({ close: true }).includes("connection: close"));
  });

  it("keeps the caller's fields in their order and spelling", () => {
    const fields = requestFields([
      ["X-B", "1"],
      ["x-a", "2"],
      ["X-B", "3"],
    ]);
    assertEquals(lines({ fields }).slice(3, 6), ["X-B: 1", "x-a: 2", "X-B: 3"]);
  });

  it("frames the body in exactly one way, or says that there is none where one is expected", () => {
    const framingOf = (more: Partial<HeadParts>) =>
      lines(more).filter((line) => /^(content-length|transfer-encoding)/i.test(line));
    assertEquals(framingOf({}), []);
    assertEquals(framingOf({ method: "DELETE" }), []);
    assertEquals(framingOf({ method: "POST" }), ["content-length: 0"]);
    assertEquals(framingOf({ method: "PUT" }), ["content-length: 0"]);
    assertEquals(framingOf({ method: "PATCH" }), ["content-length: 0"]);
    assertEquals(framingOf({ method: "POST", framing: 0 }), ["content-length: 0"]);
    assertEquals(framingOf({ method: "POST", framing: 5 }), ["content-length: 5"]);
    assertEquals(framingOf({ method: "POST", framing: "chunked" }), ["transfer-encoding: chunked"]);
    const fields = requestFields([["Content-Length", "5"]]);
    assertEquals(framingOf({ method: "POST", framing: 5, fields }), ["content-length: 5"]);
  });

  it("asks for 100 Continue only with a body", () => {
    const fields = requestFields([["Expect", "100-Continue"]]);
    assertEquals(
      lines({ fields }).filter((line) => line.startsWith("expect")),
      [],
    );
    assertEquals(
      lines({ fields, method: "PUT", framing: 3 }).filter((line) => line.startsWith("expect")),
      ["expect: 100-continue"],
    );
  });

  it("uses the caller's Host, which may be given once", () => {
    assertEquals(requestFields([["Host", "b.test:8080"]]).host, "b.test:8080");
    assertEquals(
      refusal([
        ["host", "a"],
        ["Host", "a"],
      ]),
      'Header "host" must not be given twice',
    );
  });
});

describe("header names", () => {
  it("are tokens", () => {
    for (let code = 0; code < 300; code++) {
      const character = String.fromCharCode(code);
      const name = `x${character}y`;
      if (/[!#$%&'*+\-.^_`|~0-9A-Za-z]/.test(character))
        assertEquals(requestFields([[name, ""]]).names.size, 1);
      else assertStringIncludes(refusal([[name, ""]]), "is not a token");
    }
    assertStringIncludes(refusal([["", "x"]]), 'Header name "" is not a token');
    assertStringIncludes(refusal([["a\n", "x"]]), "is not a token");
    assertStringIncludes(refusal([["a: b\r\nc", "x"]]), "is not a token");
  });
});

describe("header values", () => {
  it("contain no control character but tab, and only characters of one byte", () => {
    for (let code = 0; code < 0x180; code++) {
      const value = `x${String.fromCharCode(code)}y`;
      const allowed = code === 9 || (code >= 32 && code !== 127 && code <= 0xff);
      if (allowed) assertEquals(requestFields([["a", value]]).lines, `a: ${value}\r\n`);
      else assertStringIncludes(refusal([["a", value]]), 'Header "a" must not hold');
    }
    for (const value of ["a\n", "\na", "a\r", "a\r\nb: c", "a\0", "\u{1f600}", "\u2028"])
      refusal([["a", value]]);
  });

  it("are strings", () => {
    for (const value of [undefined, null, {}, ["a"], Symbol.iterator]) {
      assertThrows(() => requestFields([["a", value as unknown as string]]), TypeError);
    }
  });

  it("never end their line, whatever their content", () => {
    const holds = (name: string, value: string): void => {
      let head: string;
      try {
        head = writeHead(parts({ fields: requestFields([[name, value]]) }));
      } catch (error) {
        assert(error instanceof TypeError);
        return;
      }
      const count = head.split("\r\n").length;
      assert(count === 5 || count === 6, head);
      assertEquals(head.replaceAll("\r\n", "").match(/[\r\n\0]/), null);
    };
    fc.assert(fc.property(anyByte, anyByte, holds), { numRuns: 500 });
    fc.assert(fc.property(fc.constantFrom("a", "host", "Connection"), anyByte, holds), { numRuns: 1000 });
  });
});

describe("fields that Holdfast writes itself", () => {
  const REFUSED: [name: string, value: string, message: string][] = [
    ["Transfer-Encoding", "chunked", "transfer-encoding"],
    ["transfer-encoding", "gzip, chunked", "transfer-encoding"],
    ["Content-Length", "", "content-length"],
    ["Content-Length", "x", "content-length"],
    ["Content-Length", "-1", "content-length"],
    ["Content-Length", "+1", "content-length"],
    ["Content-Length", "1, 1", "content-length"],
    ["Content-Length", "1 1", "content-length"],
    ["Content-Length", "0x1", "content-length"],
    ["Content-Length", "1e3", "content-length"],
    ["Content-Length", "99999999999999999999", "content-length"],
    ["Connection", "upgrade", "connection"],
    ["Connection", "keep-alive, x-mine", "connection"],
    ["Connection", "content-length", "connection"],
    ["Keep-Alive", "timeout=5", "keep-alive"],
    ["Proxy-Connection", "keep-alive", "proxy-connection"],
    ["TE", "gzip", "te"],
    ["TE", "trailers, gzip", "te"],
    ["Trailer", "x-sum", "trailer"],
    ["Upgrade", "websocket", "upgrade"],
    ["Expect", "200-ok", "expect"],
    ["Expect", "", "expect"],
  ];
  for (const [name, value, named] of REFUSED) {
    it(`are refused by name: ${name}: ${value}`, () => {
      const message = refusal([[name, value]]);
      assertStringIncludes(message, `Header "${named}" must`);
    });
  }

  it("are accepted if they match", () => {
    const read = requestFields([
      ["connection", "Keep-Alive"],
      ["content-length", "007"],
      ["Content-Length", "7"],
      ["EXPECT", "100-Continue"],
    ]);
    assertEquals([read.close, read.contentLength, read.expectContinue, read.lines], [false, 7, true, ""]);
    assertEquals(requestFields([["Connection", "close, keep-alive"]]).close, true);
    assertEquals(
      requestFields([
        ["Connection", "close"],
        ["Connection", "keep-alive"],
      ]).close,
      true,
    );
  });

  it("may say that trailers are taken, which a connection option goes with (RFC 9110 §10.1.4)", () => {
    const fields = requestFields([["TE", "Trailers"]]);
    assertEquals(lines({ fields }).slice(2, 4), ["connection: keep-alive, te", "TE: Trailers"]);
    assertEquals(lines({ fields, close: true })[2], "connection: close, te");
  });

  it("must not contradict each other", () => {
    assertStringIncludes(
      refusal([
        ["content-length", "1"],
        ["Content-Length", "2"],
      ]),
      "content-length",
    );
  });
});

describe("a method", () => {
  it("is a token, and not CONNECT", () => {
    for (const method of ["GET", "get", "M-SEARCH", "PROPFIND", "x!"]) checkMethod(method);
    for (const method of [
      "",
      " ",
      "GET ",
      " GET",
      "GET /",
      "GET\r\n",
      "GÉT",
      "G\0T",
      "a:b",
      "CONNECT",
      "connect",
      "Connect",
    ]) {
      assertThrows(() => checkMethod(method), TypeError, undefined, method);
    }
  });

  it("never ends its line", () => {
    fc.assert(
      fc.property(anyByte, (method) => {
        try {
          checkMethod(method);
        } catch {
          return;
        }
        assertEquals(writeHead(parts({ method })).split("\r\n")[0], `${method} / HTTP/1.1`);
      }),
      { numRuns: 500 },
    );
  });
});

describe("the last head", () => {
  const request = (more: Partial<RequestMessage> = {}): RequestMessage => ({
    method: "GET",
    target: "/",
    origin: originOf("http://a.test"),
    fields: NO_FIELDS,
    body: undefined,
    ...more,
  });
  const OTHERS: Record<string, [Partial<RequestMessage>, last?: boolean]> = {
    "no part": [{}],
    "the method": [{ method: "POST" }],
    "the target": [{ target: "/b" }],
    "the host": [{ origin: originOf("http://b.test") }],
    "the fields": [{ fields: requestFields([["x-a", "1"]]) }],
    "the framing": [{ body: { length: 3 } }],
    "whether it is the last request": [{}, true],
  };
  for (const [name, [part, last = false]] of Object.entries(OTHERS)) {
    it(`is written anew if the next request differs in ${name}`, () => {
      const head = new LastHead();
      const [same, other] = [new LastHead().of(request(), false), new LastHead().of(request(part), last)];
      const heads = [head.of(request(), false), head.of(request(part), last), head.of(request(part), last)];
      assertEquals([...heads, head.of(request(), false)], [same, other, other, same]);
      assertEquals(same === other, name === "no part");
    });
  }
});
