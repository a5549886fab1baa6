/** Request URLs: for every spelling, the fast path and the URL parser give the same origin and target. */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { UrlReader } from "../../src/fetch/request-url.ts";

/** What the URL parser gives, or that it refuses. */
function parsed(url: string): [key: string, target: string] | "refused" {
  let known: URL;
  try {
    known = new URL(url);
  } catch {
    return "refused";
  }
  const { href, protocol, host, pathname, search, username, password } = known;
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") return "refused";
  // `search` hides an empty query.
  const query = search === "" && href.split("#")[0]?.endsWith("?") ? "?" : search;
  return [`${protocol}//${host}`, pathname + query];
}

function found(reader: UrlReader, url: string): [key: string, target: string] | "refused" {
  try {
    const { origin, target } = reader.read(url);
    return [origin.key, target];
  } catch (error) {
    if (error instanceof TypeError) return "refused";
    throw error;
  }
}

const ORIGINS = [
  "http://a.test",
  "https://a.test:8443",
  "HTTP://A.test:80",
  "http://[::1]:3000",
  "http://ä.test",
  "http:a",
  "http:/a/b",
];
const STARTS = [
  ...ORIGINS,
  "http:\\\\a",
  " http://a.test",
  "http://a.test#f",
  "http://a.test?q",
  "http://a.test\\b",
  "http:///a",
  "http://u@a.test",
  "http://@a.test",
  "ftp://a.test",
  "http://",
  "https:a/b",
  "http://a\t.test",
  "//a.test",
  "",
];
const PIECES = [
  "/",
  "/.",
  "/..",
  "/%2e",
  "/.%2E",
  "/%2e%2e/",
  "..",
  ".",
  "\\",
  "?",
  "#",
  "%",
  "%41",
  "%zz",
  " ",
  "\t",
  "\n",
  "\r\n",
  "\0",
  "é",
  "\u{1f600}",
  "'",
  '"',
  "<",
  ">",
  "`",
  "{",
  "}",
  "|",
  "^",
  "[",
  "]",
  ":",
  "@",
  ";",
  "=",
  "&",
  "+",
  "$",
  "!",
  "*",
  "(",
  ")",
  ",",
  "~",
  "-",
  "_",
  "a",
  "B",
  "9",
  "a=b",
  "//",
  "?x=",
  "http://b.test/",
];

const url = fc
  .tuple(fc.constantFrom(...STARTS), fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }))
  .map(([start, pieces]) => start + pieces.join(""));

describe("UrlReader", () => {
  it("agrees with the URL parser, after any other URLs", () => {
    const reader = new UrlReader();
    const holds = (...urls: [string, string, string, string]): void => {
      for (const one of urls) assertEquals(found(reader, one), parsed(one), JSON.stringify(urls));
    };
    fc.assert(fc.property(url, url, url, url, holds), { numRuns: 5000 });
  });

  it("agrees with the URL parser on two URLs that begin alike", () => {
    const rest = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join(""));
    const holds = (start: string, first: string, second: string): void => {
      const reader = new UrlReader();
      for (const one of [start + first, start + second]) {
        assertEquals(
          found(reader, one),
          parsed(one),
          `${JSON.stringify(one)} after ${JSON.stringify(start + first)}`,
        );
      }
    };
    fc.assert(fc.property(fc.constantFrom(...STARTS), rest, rest, holds), { numRuns: 6000 });
  });

  it("agrees with the URL parser on every character in every place", () => {
    const reader = new UrlReader();
    reader.read("http://a.test/");
    for (let code = 0; code < 0x180; code++) {
      for (const target of [
        `/${String.fromCharCode(code)}x`,
        `/x?${String.fromCharCode(code)}`,
        `/x${String.fromCharCode(code)}`,
      ]) {
        const one = `http://a.test${target}`;
        assertEquals(found(reader, one), parsed(one), JSON.stringify(one));
      }
    }
  });

  it("never gives a target with a byte that could end the request line", () => {
    const reader = new UrlReader();
    fc.assert(
      fc.property(url, (one) => {
        const read = found(reader, one);
        if (read !== "refused") assertEquals(/^\/[\x21-\x7e]*$/.test(read[1]), true, read[1]);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives the same origin for every spelling of it", () => {
    const reader = new UrlReader();
    const keys = ["http://a.test/", "http://a.test:80/x", "HTTP://A.TEST", "http://a.test:080/?y"].map(
      (one) => reader.read(one).origin.key,
    );
    assertEquals(new Set(keys), new Set(["http://a.test"]));
  });

  it("takes only the text of a URL object, which may be of another library", () => {
    const reader = new UrlReader();
    assertEquals(reader.read(new URL("http://a.test/x?y#z")).target, "/x?y");
    const foreign = {
      href: "http://a.test/x y",
      pathname: "/x\r\nInjected: yes",
      search: "",
      host: "b",
      protocol: "http:",
    };
    const { origin, target } = reader.read(foreign as unknown as URL);
    assertEquals([origin.key, target], ["http://a.test", "/x%20y"]);
  });

  it("shows no fragment, not even an empty one", () => {
    for (const end of ["#", "#f", "?#", "?a#b#c", ""]) {
      const { href } = new UrlReader().read(`http://a.test/x${end}`);
      assertEquals(href, `http://a.test/x${end.split("#")[0]}`);
    }
  });

  it("sends an empty query", () => {
    for (const end of ["?", "?#", "?#f"])
      assertEquals(new UrlReader().read(`http://a.test/x${end}`).target, "/x?");
  });

  it("names what is wrong", () => {
    const reader = new UrlReader();
    const cases: [unknown, string][] = [
      ["/only/a/path", "/only/a/path"],
      ["", '""'],
      ["ftp://a.test/", "ftp:"],
      ["http://user:secret@a.test/", "credentials"],
      ["http://user:secret@a b.test/", "absolute and valid"],
      [undefined, "undefined"],
      [null, "null"],
      [{}, "URL must be"],
      [42, "42"],
    ];
    for (const [value, named] of cases) {
      const { message } = assertThrows(() => reader.read(value as string), TypeError);
      assertStringIncludes(message, named);
      assertEquals(message.includes("secret"), false);
    }
  });

  it("remembers a bounded number of spellings", () => {
    const reader = new UrlReader();
    for (let count = 0; count < 2500; count++) {
      assertEquals(reader.read(`http://h${count}.test/a`).origin.hostname, `h${count}.test`);
    }
    assertEquals(reader.read("http://h1.test/b").target, "/b");
  });
});
