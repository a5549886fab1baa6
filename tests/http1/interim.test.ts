/** Interim (1xx) responses: recognised, bounded in bytes, and never taken for the final response. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { bytesOf, faultOf, Runner, read } from "./transcript.ts";

const FINAL = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const interim = (status: number, fields = ""): string => `HTTP/1.1 ${status} Wait\r\n${fields}\r\n`;

const statuses = (heads: string[]): number[] => heads.map((head) => JSON.parse(head).status);

describe("an interim response", () => {
  it("comes before the final one and has no body, whatever its fields say", () => {
    const found = read(
      interim(100) +
        interim(102, "Content-Length: 5\r\n") +
        interim(103, "Link: </a>\r\nTransfer-Encoding: chunked\r\n") +
        FINAL,
    );
    assertEquals([found.fault, statuses(found.heads), found.body], [undefined, [100, 102, 103, 200], "hi"]);
  });

  it("may have any 1xx status but 101", () => {
    for (const status of [100, 102, 103, 104, 110, 199]) {
      const found = read(interim(status) + FINAL);
      assertEquals([found.fault, statuses(found.heads)], [undefined, [status, 200]]);
    }
  });

  it("does not end the connection: only the final response can (RFC 9112 §9.3)", () => {
    const found = read(interim(103, "Connection: close\r\n") + FINAL);
    assertEquals([found.fault, found.reason], [undefined, undefined]);
  });

  it("of status 101 is a fault, because no upgrade was asked for", () => {
    const found = read(`${interim(101, "Upgrade: websocket\r\n")}\x81\x00`);
    assertEquals([faultOf(found), found.heads], ["unexpected-upgrade", []]);
  });

  it("is checked like any head", () => {
    assertEquals(faultOf(read(`HTTP/1.1 100 Continue\r\na b: c\r\n\r\n${FINAL}`)), "bad-header");
    assertEquals(faultOf(read(`HTTP/1.1 100 Continue\n\n${FINAL}`)), "bad-line-ending");
  });

  it("is accepted as often as the limit allows", () => {
    const limits = { informationalCount: 3 };
    assertEquals(read(interim(103).repeat(3) + FINAL, { limits }).fault, undefined);
    const flood = read(interim(103).repeat(4) + FINAL, { limits });
    assertEquals([faultOf(flood), statuses(flood.heads)], ["too-many-informational", [103, 103, 103]]);
  });

  it("is counted per response", () => {
    const runner = new Runner({ informationalCount: 2 });
    for (let count = 0; count < 5; count++) {
      assertEquals(runner.run(bytesOf(interim(103).repeat(2) + FINAL)).fault, undefined);
    }
  });

  it("is accepted as often as a head's bytes allow by default", () => {
    const one = interim(103);
    const most = one.repeat(Math.floor(65_536 / one.length));
    assertEquals(read(most + FINAL).fault, undefined);
    assertEquals(faultOf(read(most + one + FINAL)), "too-many-informational");
  });

  it("counts its bytes with those of the others, per response", () => {
    const limits = { headBytes: 100 };
    const of = (size: number) => interim(103, `a: ${"x".repeat(size - 26)}\r\n`);
    assertEquals([of(50).length, read(of(50) + of(50) + FINAL, { limits }).fault], [50, undefined]);
    assertEquals(faultOf(read(of(50) + of(51) + FINAL, { limits })), "too-many-informational");
    const runner = new Runner(limits);
    for (let count = 0; count < 5; count++) {
      assertEquals(runner.run(bytesOf(of(50) + of(50) + FINAL)).fault, undefined);
    }
  });
});
