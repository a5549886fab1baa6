/** Every limit on what a peer controls: accepted at the limit, a typed fault one beyond it. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import type { ResponseLimits } from "../../src/options/options.ts";
import { everyByte, faultOf, read } from "./transcript.ts";

interface Limit {
  readonly limits: Partial<ResponseLimits>;
  /** A message that measures `size` by the limit's own count. */
  message(size: number): string;
  readonly at: number;
  readonly fault: string;
}

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/** `text` with `x` for `%`, as often as makes it `size` long. */
const filled = (text: string, size: number): string => text.replace("%", "x".repeat(size - text.length + 1));

const LIMITS: Record<string, Limit> = {
  "bytes of a head": {
    limits: { headBytes: 100 },
    at: 100,
    message: (size) => filled("HTTP/1.1 200 OK\r\nContent-Length: 0\r\na: %\r\n\r\n", size),
    fault: "head-too-large",
  },
  "bytes of a head of one line": {
    limits: { headBytes: 100 },
    at: 100,
    message: (size) => filled("HTTP/1.1 204 %\r\n\r\n", size),
    fault: "head-too-large",
  },
  "bytes of an interim head": {
    limits: { headBytes: 100 },
    at: 100,
    message: (size) => `${filled("HTTP/1.1 103 Hints\r\na: %\r\n\r\n", size)}HTTP/1.1 204 \r\n\r\n`,
    fault: "head-too-large",
  },
  "bytes of the status line": {
    limits: { lineBytes: 60 },
    at: 60,
    message: (size) => `${filled("HTTP/1.1 204 %", size)}\r\n\r\n`,
    fault: "line-too-long",
  },
  "bytes of a field line": {
    limits: { lineBytes: 60 },
    at: 60,
    message: (size) => `HTTP/1.1 204 \r\n${filled("a: %", size)}\r\n\r\n`,
    fault: "line-too-long",
  },
  "bytes of a folded line": {
    limits: { lineBytes: 60 },
    at: 60,
    message: (size) => `HTTP/1.1 204 \r\na: b\r\n${filled(" %", size)}\r\n\r\n`,
    fault: "line-too-long",
  },
  "bytes of a field line as long as the head may be": {
    limits: { lineBytes: 100, headBytes: 100 },
    at: 100,
    message: (size) => filled("HTTP/1.1 204 \r\na: %\r\n\r\n", size),
    fault: "head-too-large",
  },
  fields: {
    limits: { headerCount: 5 },
    at: 5,
    message: (size) => `HTTP/1.1 204 \r\n${"a: b\r\n".repeat(size)}\r\n`,
    fault: "too-many-headers",
  },
  "field lines, folds included": {
    limits: { headerCount: 5 },
    at: 5,
    message: (size) => `HTTP/1.1 204 \r\na: b\r\n${" c\r\n".repeat(size - 1)}\r\n`,
    fault: "too-many-headers",
  },
  "bytes of chunk extensions on one chunk": {
    limits: { chunkExtensionBytes: 30 },
    at: 30,
    message: (size) => `${CHUNKED}1${filled(";%", size)}\r\na\r\n0\r\n\r\n`,
    fault: "chunk-extension-too-long",
  },
  "bytes of chunk extensions over all chunks (CVE-2024-22019)": {
    limits: { chunkExtensionBytes: 30 },
    at: 30,
    message: (size) => `${CHUNKED}${"1;x\r\na\r\n".repeat(10)}1${filled(";%", size - 20)}\r\na\r\n0\r\n\r\n`,
    fault: "chunk-extension-too-long",
  },
  "bytes of chunk extensions on the last chunk": {
    limits: { chunkExtensionBytes: 30 },
    at: 30,
    message: (size) => `${CHUNKED}0${filled(";%", size)}\r\n\r\n`,
    fault: "chunk-extension-too-long",
  },
  "bytes of a chunk-size line": {
    limits: { lineBytes: 60 },
    at: 60,
    message: (size) => `${CHUNKED}1${filled(";%", size - 1)}\r\na\r\n0\r\n\r\n`,
    fault: "line-too-long",
  },
  "bytes of trailers": {
    limits: { trailerBytes: 40 },
    at: 40,
    message: (size) => `${CHUNKED}0\r\n${filled("a: b\r\nc: %\r\n\r\n", size)}`,
    fault: "trailers-too-large",
  },
  "bytes of a trailer line": {
    limits: { lineBytes: 60 },
    at: 60,
    message: (size) => `${CHUNKED}0\r\n${filled("a: %", size)}\r\n\r\n`,
    fault: "line-too-long",
  },
  "trailer fields": {
    limits: { headerCount: 5 },
    at: 5,
    message: (size) => `${CHUNKED}0\r\n${"a: b\r\n".repeat(size)}\r\n`,
    fault: "too-many-headers",
  },
  "bytes of blanks behind chunk sizes": {
    limits: { chunkExtensionBytes: 30 },
    at: 30,
    message: (size) => `${CHUNKED}1${" ".repeat(20)}\r\na\r\n0${" ".repeat(size - 20)}\r\n\r\n`,
    fault: "chunk-extension-too-long",
  },
  "bytes of a quoted chunk extension": {
    limits: { chunkExtensionBytes: 30 },
    at: 30,
    message: (size) => `${CHUNKED}1${filled(';a="%"', size)}\r\na\r\n0\r\n\r\n`,
    fault: "chunk-extension-too-long",
  },
  "interim responses": {
    limits: { informationalCount: 5 },
    at: 5,
    message: (size) => `${"HTTP/1.1 103 \r\n\r\n".repeat(size)}HTTP/1.1 204 \r\n\r\n`,
    fault: "too-many-informational",
  },
};

describe("a response is read up to the limit, whole and byte by byte, of", () => {
  for (const [name, { limits, message, at, fault }] of Object.entries(LIMITS)) {
    it(name, () => {
      const most = message(at);
      const tooMuch = message(at + 1);
      assertEquals(tooMuch.length > most.length, true);
      for (const whole of [true, false]) {
        const cutsOf = (text: string) => (whole ? [] : everyByte(text.length));
        const good = read(most, { limits, cuts: cutsOf(most) });
        assertEquals([good.fault, good.complete], [undefined, true], `at ${at}, whole: ${whole}`);
        const bad = read(tooMuch, { limits, cuts: cutsOf(tooMuch) });
        assertEquals([faultOf(bad), bad.complete], [fault, false], `at ${at + 1}, whole: ${whole}`);
        const far = message(at * 20);
        assertEquals(faultOf(read(far, { limits, cuts: cutsOf(far) })), fault);
      }
    });
  }
});

describe("a limit is enforced before the line ends:", () => {
  const endless: Record<string, [start: string, limits: Partial<ResponseLimits>, fault: string]> = {
    "the head": ["HTTP/1.1 200 ", { headBytes: 100 }, "head-too-large"],
    "a line": ["HTTP/1.1 200 OK\r\na: ", { lineBytes: 100 }, "line-too-long"],
    "an extension": [`${CHUNKED}1;`, { chunkExtensionBytes: 100 }, "chunk-extension-too-long"],
    "the trailers": [`${CHUNKED}0\r\na: `, { trailerBytes: 100 }, "trailers-too-large"],
    "a trailer": [`${CHUNKED}0\r\na: `, { lineBytes: 100 }, "line-too-long"],
    "a size": [`${CHUNKED}0`, {}, "bad-chunk"],
  };
  for (const [name, [start, limits, fault]] of Object.entries(endless)) {
    it(name, () => {
      const filler = name === "a size" ? "0" : "x";
      const text = start + filler.repeat(101);
      for (const cuts of [[], everyByte(text.length), [start.length]]) {
        // A line in pieces is looked at when it ends, or at the latest when its section may be no longer.
        assertEquals(faultOf(read(text, { limits, cuts, fin: fault === "line-too-long" })), fault);
      }
    });
  }
});

describe("the defaults", () => {
  it("accept a head of 64 KiB with lines of up to 32 KiB", () => {
    const field = (size: number) => `a: ${"x".repeat(size - 3)}\r\n`;
    const start = "HTTP/1.1 204 \r\n";
    const rest = 65_536 - start.length - 32_770 - 2;
    assertEquals(read(`${start}${field(32_768)}${field(rest - 2)}\r\n`).fault, undefined);
    assertEquals(faultOf(read(`${start}${field(32_768)}${field(rest - 1)}\r\n`)), "head-too-large");
    assertEquals(faultOf(read(`${start}${field(32_769)}\r\n`)), "line-too-long");
  });
});
