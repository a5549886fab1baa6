/** The status line: what is accepted, and what is refused. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { reasonOf } from "../../src/http1/parse/fields.ts";
import { faultOf, read } from "./transcript.ts";

const REST = "\r\nContent-Length: 0\r\n\r\n";

const ACCEPTED: Record<string, [line: string, status: number, minor: number, reason: string]> = {
  "HTTP/1.1 with a reason": ["HTTP/1.1 200 OK", 200, 1, "OK"],
  "HTTP/1.0": ["HTTP/1.0 404 Not Found", 404, 0, "Not Found"],
  "a later HTTP/1": ["HTTP/1.2 200 OK", 200, 1, "OK"],
  "an empty reason": ["HTTP/1.1 200 ", 200, 1, ""],
  "no space before an absent reason": ["HTTP/1.1 200", 200, 1, ""],
  "a reason with spaces and tabs": ["HTTP/1.1 200  very\tgood ", 200, 1, " very\tgood "],
  "a reason with obs-text": ["HTTP/1.1 200 caf\xe9", 200, 1, "caf\xe9"],
  "the smallest final status": ["HTTP/1.1 200 ok", 200, 1, "ok"],
  "a status no one has registered": ["HTTP/1.1 799 odd", 799, 1, "odd"],
  "the smallest status": ["HTTP/1.1 000 odd", 0, 1, "odd"],
  "the largest status below those of interim responses": ["HTTP/1.1 099 odd", 99, 1, "odd"],
  "the largest status": ["HTTP/1.1 999 odd", 999, 1, "odd"],
};

const REFUSED: Record<string, [line: string, fault: string]> = {
  "another protocol": ["ICY 200 OK and more", "bad-status-line"],
  "HTTP/0.9, which has no status line": ["<html>hello</html>", "bad-status-line"],
  "HTTP/2": ["HTTP/2.0 200 OK", "bad-version"],
  "HTTP/2 without a minor version": ["HTTP/2 200 OK", "bad-version"],
  "a version without a minor number": ["HTTP/1 200 OK!", "bad-version"],
  "a version of two digits": ["HTTP/1.10 200 OK", "bad-status-line"],
  "a comma in the version": ["HTTP/1,1 200 OK", "bad-version"],
  "a lower-case name (RFC 9112 §2.3)": ["http/1.1 200 OK", "bad-status-line"],
  "a mixed-case name": ["Http/1.1 200 OK", "bad-status-line"],
  "a space before it": [" HTTP/1.1 200 OK", "bad-status-line"],
  "an empty line before it": ["\r\nHTTP/1.1 200 OK", "bad-status-line"],
  "two spaces before the status": ["HTTP/1.1  200 OK", "bad-status-line"],
  "a tab before the status": ["HTTP/1.1\t200 OK", "bad-status-line"],
  "a tab after the status": ["HTTP/1.1 200\tOK", "bad-status-line"],
  "two digits": ["HTTP/1.1 20 OK", "bad-status-line"],
  "two digits and no reason": ["HTTP/1.1 20", "bad-status-line"],
  "four digits": ["HTTP/1.1 2000 OK", "bad-status-line"],
  "a negative status": ["HTTP/1.1 -20 OK", "bad-status-line"],
  "a hexadecimal status": ["HTTP/1.1 2f0 OK", "bad-status-line"],
  "no status": ["HTTP/1.1", "bad-status-line"],
  "NUL in the reason": ["HTTP/1.1 200 O\0K", "bad-status-line"],
  "DEL in the reason": ["HTTP/1.1 200 O\x7fK", "bad-status-line"],
  "an escape in the reason": ["HTTP/1.1 200 \x1b[2J", "bad-status-line"],
  "a bare CR in the reason": ["HTTP/1.1 200 O\rK", "bad-line-ending"],
  "a bare LF in the reason": ["HTTP/1.1 200 O\nK", "bad-line-ending"],
  "two CR at its end": ["HTTP/1.1 200 OK\r", "bad-line-ending"],
  "LF alone at its end": ["HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", "bad-line-ending"],
};

describe("the status line", () => {
  for (const [name, [line, status, minorVersion, reason]] of Object.entries(ACCEPTED)) {
    it(`may be ${name}`, () => {
      const { heads, fault, complete } = read(line + REST);
      assertEquals([fault, complete, heads.length], [undefined, true, 1]);
      const head = JSON.parse(heads[0]!);
      assertEquals([head.status, head.minorVersion, reasonOf(head.text)], [status, minorVersion, reason]);
    });
  }

  for (const [name, [line, fault]] of Object.entries(REFUSED)) {
    it(`must not be ${name}`, () => {
      const transcript = read(line + REST);
      assertEquals([faultOf(transcript), transcript.heads, transcript.complete], [fault, [], false]);
    });
  }

  it("contains no control character but tab in its reason", () => {
    for (let code = 0; code < 256; code++) {
      const { fault } = read(`HTTP/1.1 200 a${String.fromCharCode(code)}b${REST}`);
      const allowed = code === 9 || (code >= 32 && code !== 127);
      assertEquals(fault === undefined, allowed, `byte ${code}: ${fault}`);
    }
  });

  it("causes a fault of the remote side that is not retriable", () => {
    assertEquals(
      read("SSH-2.0-OpenSSH_9.2\r\n").fault,
      "bad-status-line (headers): The response does not start with an HTTP status line",
    );
  });
});
