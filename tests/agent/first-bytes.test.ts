import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { announcedLength, isInterimAlone } from "../../src/agent/first-bytes.ts";

const HEAD = "HTTP/1.1 200 OK\r\nDate: now\r\n";

/** `more`: how many bytes of the response are not in the text; negative for bytes that belong to no response. */
type Case = readonly [what: string, text: string, more: number, method?: string];

describe("the length of a response", () => {
  const cases: readonly Case[] = [
    ["ends with its body", `${HEAD}Content-Length: 2\r\n\r\nok`, 0],
    ["ends with its body, whatever follows", `${HEAD}Content-Length: 2\r\n\r\nok HTTP`, -5],
    ["ends with its body, in small letters", `${HEAD}content-length:2\r\n\r\nok!`, -1],
    ["ends with its head, if it has no body", `${HEAD}Content-Length: 0\r\n\r\n!`, -1],
    ["ends with its head, to HEAD", `${HEAD}Content-Length: 2\r\n\r\nok`, -2, "HEAD"],
    ["ends with its head, with 304", "HTTP/1.1 304 OK\r\nContent-Length: 2\r\n\r\nok", -2],
    ["counts what is to come", `${HEAD}Content-Length: 9\r\n\r\nok`, 7],
    ["counts a body of which nothing has come", `${HEAD}Content-Length: 9\r\n\r\n`, 9],
    ["is unknown while its head is to come", `${HEAD}Content-Length: 2\r\n`, Infinity],
    [
      "is unknown behind an interim response",
      `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nok!`,
      Infinity,
    ],
    [
      "is unknown in chunks",
      `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n`,
      Infinity,
    ],
    ["is unknown without a field", `${HEAD}\r\nok`, Infinity],
    ["is unknown if the value is no number", `${HEAD}Content-Length: 2x\r\n\r\nok!`, Infinity],
    ["is unknown if the name is another's value", `${HEAD}X: Content-Length: 1\r\n\r\nok`, Infinity],
    ["is unknown if the name is in the body", `${HEAD}\r\nok\r\nContent-Length: 1\r\n`, Infinity],
    ["is unknown of a tunnel", `${HEAD}Content-Length: 0\r\n\r\nhello`, Infinity, "CONNECT"],
  ];
  for (const [what, text, more, method = "GET"] of cases)
    it(what, () => {
      assertEquals(announcedLength(Buffer.from(text), method), text.length + more);
    });

  const INTERIM = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
  const interim: readonly (readonly [text: string, alone: boolean])[] = [
    [INTERIM, true],
    [INTERIM + INTERIM, false],
    [`${INTERIM}${HEAD}`, false],
    [`${HEAD}\r\n`, false],
    ["HTTP/1.1 1", false],
  ];
  for (const [text, alone] of interim)
    it(`is ${alone ? "" : "not "}in a later piece than ${JSON.stringify(text)}`, () => {
      assertEquals(isInterimAlone(Buffer.from(text)), alone);
    });
});
