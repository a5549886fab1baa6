/** Where a response ends (RFC 9112 §6.3), and whether its connection can be reused (§9.3). */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { type MemoryPeer, memoryTransport } from "../../transports/memory.ts";
import { faultOf, type Run, read, type Transcript } from "./transcript.ts";

interface Case {
  /** Fields, after `HTTP/1.1 200 OK`, or a whole head. */
  readonly head: string;
  readonly rest: string;
  readonly method?: string;
  readonly body: string;
  /** Bytes of `rest` that are none of the response. */
  readonly surplus?: number;
  readonly reason?: string;
  readonly endedByClose?: boolean;
}

const headOf = (head: string): string =>
  `${head.startsWith("HTTP/") ? head : `HTTP/1.1 200 OK${head === "" ? "" : `\r\n${head}`}`}\r\n\r\n`;

const CASES: Record<string, Case> = {
  "a Content-Length": { head: "Content-Length: 5", rest: "hello", body: "hello" },
  "a Content-Length of 0": { head: "Content-Length: 0", rest: "", body: "" },
  "a Content-Length with zeros in front": { head: "Content-Length: 0005", rest: "hello", body: "hello" },
  "a Content-Length that is a list of the same": {
    head: "Content-Length: 5, 5,05",
    rest: "hello",
    body: "hello",
  },
  "two Content-Length lines that agree": {
    head: "Content-Length: 5\r\nContent-Length: 5",
    rest: "hello",
    body: "hello",
  },
  "a Content-Length and surplus bytes": {
    head: "Content-Length: 5",
    rest: "helloHTTP/1.1 200 OK",
    body: "hello",
    surplus: 15,
  },
  "a Content-Length of 0 and surplus bytes": { head: "Content-Length: 0", rest: "x", body: "", surplus: 1 },
  chunks: { head: "Transfer-Encoding: chunked", rest: "5\r\nhello\r\n0\r\n\r\n", body: "hello" },
  "chunks, spelled in upper case": { head: "TRANSFER-ENCODING: CHUNKED", rest: "0\r\n\r\n", body: "" },
  "chunks and surplus bytes": {
    head: "Transfer-Encoding: chunked",
    rest: "1\r\na\r\n0\r\n\r\n\r\n",
    body: "a",
    surplus: 2,
  },
  "chunks that win over a Content-Length, which is faulty": {
    head: "Content-Length: 3\r\nTransfer-Encoding: chunked",
    rest: "5\r\nhello\r\n0\r\n\r\n",
    body: "hello",
    reason: "bad-framing",
  },
  "chunks before a Content-Length": {
    head: "Transfer-Encoding: chunked\r\nContent-Length: 5",
    rest: "5\r\nhello\r\n0\r\n\r\n",
    body: "hello",
    reason: "bad-framing",
  },
  "chunks on HTTP/1.0, which is faulty (§6.1)": {
    head: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked",
    rest: "0\r\n\r\n",
    body: "",
    reason: "bad-framing",
  },
  "the end of the connection": {
    head: "",
    rest: "hello",
    body: "hello",
    reason: "not-persistent",
    endedByClose: true,
  },
  "the end of the connection, with nothing": {
    head: "",
    rest: "",
    body: "",
    reason: "not-persistent",
    endedByClose: true,
  },
  "the end of the connection, whatever it says of persistence": {
    head: "Connection: keep-alive",
    rest: "HTTP/1.1 200 OK\r\n\r\n",
    body: "HTTP/1.1 200 OK\r\n\r\n",
    reason: "not-persistent",
    endedByClose: true,
  },
  "the connection, for identity": {
    head: "Transfer-Encoding: identity",
    rest: "0\r\n\r\n",
    body: "0\r\n\r\n",
    reason: "not-persistent",
    endedByClose: true,
  },
  "the connection, for identity in other letters with blanks around it": {
    head: "Connection: keep-alive\r\nTransfer-Encoding:\t Identity \t",
    rest: "hello",
    body: "hello",
    reason: "not-persistent",
    endedByClose: true,
  },
  "the connection, for identity that wins over a Content-Length, which is faulty": {
    head: "Content-Length: 3\r\nTransfer-Encoding: identity",
    rest: "hello",
    body: "hello",
    reason: "bad-framing",
    endedByClose: true,
  },
  "its head, for HEAD with identity": {
    method: "HEAD",
    head: "Transfer-Encoding: identity",
    rest: "",
    body: "",
  },
  "its head, for HEAD with a Content-Length": {
    method: "HEAD",
    head: "Content-Length: 5",
    rest: "",
    body: "",
  },
  "its head, for HEAD with chunks": {
    method: "HEAD",
    head: "Transfer-Encoding: chunked",
    rest: "",
    body: "",
  },
  "its head, for HEAD without framing": { method: "HEAD", head: "", rest: "", body: "" },
  "its head, for HEAD, with surplus bytes": {
    method: "HEAD",
    head: "Content-Length: 5",
    rest: "hello",
    body: "",
    surplus: 5,
  },
  "its head, for HEAD with a coding nobody knows": {
    method: "HEAD",
    head: "Transfer-Encoding: gzip",
    rest: "",
    body: "",
  },
  "its head, for HEAD with both framings": {
    method: "HEAD",
    head: "Transfer-Encoding: chunked\r\nContent-Length: 1",
    rest: "",
    body: "",
    reason: "bad-framing",
  },
  "its head, for 204 with a Content-Length": {
    head: "HTTP/1.1 204 No Content\r\nContent-Length: 5",
    rest: "",
    body: "",
  },
  "its head, for 204 with chunks": {
    head: "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked",
    rest: "",
    body: "",
  },
  "its head, for 204 with surplus bytes": {
    head: "HTTP/1.1 204 No Content\r\nContent-Length: 2",
    rest: "hi",
    body: "",
    surplus: 2,
  },
  "its head, for 304 with a Content-Length": {
    head: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5",
    rest: "",
    body: "",
  },
  "its head, for 304 without framing": { head: "HTTP/1.1 304 Not Modified\r\nETag: x", rest: "", body: "" },
  "its framing, for 205 with a Content-Length": {
    head: "HTTP/1.1 205 Reset\r\nContent-Length: 2",
    rest: "hi",
    body: "hi",
  },
  "its framing, for 205 without any": {
    head: "HTTP/1.1 205 Reset",
    rest: "",
    body: "",
    reason: "not-persistent",
    endedByClose: true,
  },
  "its framing, for an error status": {
    head: "HTTP/1.1 503 Busy\r\nContent-Length: 2",
    rest: "no",
    body: "no",
  },
  "its framing, for a redirect": {
    head: "HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0",
    rest: "",
    body: "",
  },
};

const PERSISTENCE: Record<string, [head: string, reason: string | undefined]> = {
  "HTTP/1.1": ["HTTP/1.1 200 OK", undefined],
  "HTTP/1.1 and close": ["HTTP/1.1 200 OK\r\nConnection: close", "peer-close"],
  "HTTP/1.1 and Close": ["HTTP/1.1 200 OK\r\nConnection: Close", "peer-close"],
  "HTTP/1.1 and keep-alive": ["HTTP/1.1 200 OK\r\nConnection: keep-alive", undefined],
  "HTTP/1.1 and keep-alive, close": ["HTTP/1.1 200 OK\r\nConnection: keep-alive, close", "peer-close"],
  "HTTP/1.1 and close, TE": ["HTTP/1.1 200 OK\r\nConnection: close, TE", "peer-close"],
  "HTTP/1.1 and lines close, then keep-alive": [
    "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive",
    "peer-close",
  ],
  "HTTP/1.1 and lines keep-alive, then close": [
    "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nConnection: close",
    "peer-close",
  ],
  "HTTP/1.1 and not-closed": ["HTTP/1.1 200 OK\r\nConnection: not-closed", undefined],
  "HTTP/1.1 and an unknown option": ["HTTP/1.1 200 OK\r\nConnection: foo", undefined],
  "HTTP/1.1 and an empty Connection": ["HTTP/1.1 200 OK\r\nConnection:", undefined],
  "HTTP/1.1 and Proxy-Connection: close": ["HTTP/1.1 200 OK\r\nProxy-Connection: close", undefined],
  "HTTP/1.1 and a field called Close": ["HTTP/1.1 200 OK\r\nClose: yes", undefined],
  "HTTP/1.2": ["HTTP/1.2 200 OK", undefined],
  "an error and close": ["HTTP/1.1 404 No\r\nConnection: close", "peer-close"],
  "HTTP/1.0": ["HTTP/1.0 200 OK", "not-persistent"],
  "HTTP/1.0 and keep-alive": ["HTTP/1.0 200 OK\r\nConnection: Keep-Alive", undefined],
  "HTTP/1.0 and keep-alive, close": ["HTTP/1.0 200 OK\r\nConnection: keep-alive, close", "peer-close"],
  "HTTP/1.0 and another option": ["HTTP/1.0 200 OK\r\nConnection: foo", "not-persistent"],
  "HTTP/1.0 and keep-alive between tabs": ["HTTP/1.0 200 OK\r\nConnection: \tkeep-alive\t", undefined],
  "HTTP/1.0 and keep-alive with a no-break space, which is no whitespace": [
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\xa0",
    "not-persistent",
  ],
  "HTTP/1.0 and Proxy-Connection: keep-alive": [
    "HTTP/1.0 200 OK\r\nProxy-Connection: keep-alive",
    "not-persistent",
  ],
  "HTTP/1.0 and Keep-Alive without its option": [
    "HTTP/1.0 200 OK\r\nKeep-Alive: timeout=5",
    "not-persistent",
  ],
};

const MALFORMED: Record<string, [head: string, fault: string]> = {
  "lengths that differ in a list": ["Content-Length: 5, 6", "bad-content-length"],
  "lengths that differ over lines": ["Content-Length: 5\r\nContent-Length: 6", "bad-content-length"],
  "an empty length": ["Content-Length:", "bad-content-length"],
  "an empty element in a list of lengths": ["Content-Length: 5,,5", "bad-content-length"],
  "a comma after a length": ["Content-Length: 5,", "bad-content-length"],
  "letters for a length": ["Content-Length: abc", "bad-content-length"],
  "a length with a sign": ["Content-Length: +5", "bad-content-length"],
  "a negative length": ["Content-Length: -5", "bad-content-length"],
  "a hexadecimal length": ["Content-Length: 0x5", "bad-content-length"],
  "a fraction for a length": ["Content-Length: 5.0", "bad-content-length"],
  "an exponent in a length": ["Content-Length: 5e0", "bad-content-length"],
  "a space in a length": ["Content-Length: 5 5", "bad-content-length"],
  "a quoted length": ['Content-Length: "5"', "bad-content-length"],
  "a length in other digits": ["Content-Length: \xb2", "bad-content-length"],
  "a no-break space around a length": ["Content-Length: \xa05", "bad-content-length"],
  "a length beyond 2^53": ["Content-Length: 9007199254740992", "bad-content-length"],
  "a length of 20 digits": ["Content-Length: 18446744073709551616", "bad-content-length"],
  "another coding": ["Transfer-Encoding: gzip", "bad-transfer-encoding"],
  "a coding before chunked": ["Transfer-Encoding: gzip, chunked", "bad-transfer-encoding"],
  "chunked twice": ["Transfer-Encoding: chunked, chunked", "bad-transfer-encoding"],
  "chunked on two lines": [
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    "bad-transfer-encoding",
  ],
  "chunked, then another coding": [
    "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    "bad-transfer-encoding",
  ],
  "identity before chunked": ["Transfer-Encoding: identity, chunked", "bad-transfer-encoding"],
  "identity twice": ["Transfer-Encoding: identity, identity", "bad-transfer-encoding"],
  "identity with a parameter": ["Transfer-Encoding: identity;q=1", "bad-transfer-encoding"],
  "an empty coding": ["Transfer-Encoding:", "bad-transfer-encoding"],
  xchunked: ["Transfer-Encoding: xchunked", "bad-transfer-encoding"],
  "chunked with a parameter": ["Transfer-Encoding: chunked;a=b", "bad-transfer-encoding"],
  "quoted chunked": ['Transfer-Encoding: "chunked"', "bad-transfer-encoding"],
  "a no-break space after chunked": ["Transfer-Encoding: chunked\xa0", "bad-transfer-encoding"],
};

describe("a response ends with", () => {
  for (const [
    name,
    { head, rest, method, body, surplus = 0, reason, endedByClose = false },
  ] of Object.entries(CASES)) {
    it(name, () => {
      const text = headOf(head);
      const run: Run = method === undefined ? {} : { method };
      const found: Transcript = read(text + rest, run);
      assertEquals(
        [found.fault, found.complete, found.body, found.consumed, found.reason, found.endedByClose],
        [undefined, true, body, text.length + rest.length - surplus, reason, endedByClose],
      );
    });
  }
});

describe("a connection after a response with", () => {
  for (const [name, [head, reason]] of Object.entries(PERSISTENCE)) {
    it(`${name} ${reason === undefined ? "is reused" : `is retired: ${reason}`}`, () => {
      const found = read(`${head}\r\nContent-Length: 2\r\n\r\nhi`);
      assertEquals([found.fault, found.complete, found.reason], [undefined, true, reason]);
    });
  }
});

describe("a response must not be framed by", () => {
  for (const [name, [head, fault]] of Object.entries(MALFORMED)) {
    it(name, () => {
      const found = read(`${headOf(head)}hello`);
      assertEquals([faultOf(found), found.complete, found.heads], [fault, false, []]);
    });
  }

  it("lengths that differ, although chunked framing overrides them", () => {
    const found = read(`${headOf("Content-Length: x\r\nTransfer-Encoding: chunked")}0\r\n\r\n`);
    assertEquals(faultOf(found), "bad-content-length");
  });
});

describe("the largest Content-Length that is exact", () => {
  it("is accepted, and allocates nothing in advance", () => {
    const found = read(`${headOf("Content-Length: 9007199254740991")}hi`);
    assertEquals([found.fault, found.complete, found.body], [undefined, false, "hi"]);
  });
});

describe("a response that is cut short", () => {
  const cut: Record<string, string> = {
    "before its first byte": "",
    "in the status line": "HTTP/1.1 20",
    "between CR and LF": "HTTP/1.1 200 OK\r",
    "in a field": "HTTP/1.1 200 OK\r\nContent-Len",
    "before the empty line": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
    "within the empty line": "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
    "after an interim response": "HTTP/1.1 100 Continue\r\n\r\n",
    "short of its length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
    "before the first chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "in a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
    "after a chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "within the last chunk": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    "in the trailers": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n",
  };
  for (const [where, message] of Object.entries(cut)) {
    it(`${where} is incomplete, without a protocol fault`, () => {
      const found = read(message);
      assertEquals([found.fault, found.complete], [undefined, false]);
    });
  }

  it("in a malformed head is a fault of that head", () => {
    assertEquals(faultOf(read("HTTP/1.1 200 OK\r\na b: c\r\nCon")), "bad-header");
    assertEquals(faultOf(read("hello, world\r\n")), "bad-status-line");
  });
});

describe("a response with both Transfer-Encoding and Content-Length", () => {
  const LENGTHS = ["Content-Length: 60", "content-length:60", "CONTENT-LENGTH:\t5 ", "Content-Length: 7, 7"];
  const CODINGS = [
    "Transfer-Encoding: chunked",
    "transfer-encoding:Chunked",
    "TRANSFER-ENCODING: \tCHUNKED\t",
  ];
  const BODY = "2\r\nhi\r\n0\r\n\r\n";

  /** Each length before, behind and around each coding. */
  const heads = LENGTHS.flatMap((length) =>
    CODINGS.flatMap((coding) => [
      [length, coding, "X-A: 1"],
      [coding, "X-A: 1", length],
      [length, coding, "X-A: 1", length],
    ]),
  );

  for (const lines of heads) {
    it(`shows one of them: ${JSON.stringify(lines)}`, async () => {
      const respond = `HTTP/1.1 200 OK\r\n${lines.join("\r\n")}\r\n\r\n${BODY}`;
      const accept = (peer: MemoryPeer): void => peer.onData(() => peer.send(respond));
      await using pool = createPool({ transport: memoryTransport({ accept }) });
      const light = await pool.request("http://a.test/");
      const shown = ["content-length", "transfer-encoding", "x-a"].map((name) => light.headers.get(name));
      assertEquals([...shown, await light.text()], [null, "chunked", "1", "hi"]);
      const { headers } = await pool.fetch("http://a.test/");
      assertEquals([headers.get("content-length"), headers.get("x-a")], [null, "1"]);
      assertEquals(pool.stats().retired["bad-framing"], 2);
    });
  }
});
