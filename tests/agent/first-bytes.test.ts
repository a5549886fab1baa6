import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { ownBytes } from "../../src/agent/first-bytes.ts";

const HEAD = "HTTP/1.1 200 OK\r\nDate: now\r\n";

describe("the bytes of a response", () => {
  const cases: readonly (readonly [what: string, text: string, own: number, method?: string])[] = [
    ["end with its length", `${HEAD}Content-Length: 2\r\n\r\nok`, 0],
    ["end with its length, whatever follows", `${HEAD}Content-Length: 2\r\n\r\nok HTTP`, -5],
    ["end with its length, in small letters", `${HEAD}content-length:2\r\n\r\nok!`, -1],
    ["end with its head, if it has no body", `${HEAD}Content-Length: 0\r\n\r\n!`, -1],
    ["end with its head, to HEAD", `${HEAD}Content-Length: 2\r\n\r\nok`, -2, "HEAD"],
    ["end with its head, with 304", "HTTP/1.1 304 OK\r\nContent-Length: 2\r\n\r\nok", -2],
    ["are all, while more is to come", `${HEAD}Content-Length: 9\r\n\r\nok`, 0],
    ["are all, while its head is to come", `${HEAD}Content-Length: 2\r\n`, 0],
    [
      "are all, behind an interim response",
      `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nok!`,
      0,
    ],
    ["are all, in chunks", `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`, 0],
    ["are all, without a length", `${HEAD}\r\nok`, 0],
    ["are all, if the length is no number", `${HEAD}Content-Length: 2x\r\n\r\nok!`, 0],
    ["are all, if the name is another's value", `${HEAD}X: Content-Length: 1\r\n\r\nok`, 0],
    ["are all, if the name is in the body", `${HEAD}\r\nok\r\nContent-Length: 1\r\n`, 0],
    ["are all, of a tunnel", `${HEAD}Content-Length: 0\r\n\r\nhello`, 0, "CONNECT"],
  ];
  for (const [what, text, less, method = "GET"] of cases)
    it(what, () => {
      assertEquals(ownBytes(Buffer.from(text), method), text.length + less);
    });
});
