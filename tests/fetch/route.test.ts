/** Routes: however a URL is spelled, the fast way and the URL parser find the same origin and the same target. */

import { describe, it } from "node:test";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import { TargetReader } from "../../src/fetch/request-target.ts";

/** What the URL parser says, or that it refuses. */
function parsed(url: string): [key: string, target: string] | "refused" {
  let known: URL;
  try {
    known = new URL(url);
  } catch {
    return "refused";
  }
  const { protocol, host, pathname, search, username, password } = known;
  if (!/^https?:$/.test(protocol) || username !== "" || password !== "") return "refused";
  return [`${protocol}//${host}`, pathname + search];
}

function found(router: TargetReader, url: string): [key: string, target: string] | "refused" {
  try {
    const { origin, target } = router.find(url);
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

describe("Router", () => {
  it("agrees with the URL parser, whatever it has seen before", () => {
    const router = new TargetReader();
    const holds = (...urls: [string, string, string, string]): void => {
      for (const one of urls) assertEquals(found(router, one), parsed(one), JSON.stringify(urls));
    };
    fc.assert(fc.property(url, url, url, url, holds), { numRuns: 5000 });
  });

  it("agrees with the URL parser on two URLs that begin alike", () => {
    const rest = fc.array(fc.constantFrom(...PIECES), { maxLength: 5 }).map((pieces) => pieces.join(""));
    const holds = (start: string, first: string, second: string): void => {
      const router = new TargetReader();
      for (const one of [start + first, start + second]) {
        assertEquals(
          found(router, one),
          parsed(one),
          `${JSON.stringify(one)} after ${JSON.stringify(start + first)}`,
        );
      }
    };
    fc.assert(fc.property(fc.constantFrom(...STARTS), rest, rest, holds), { numRuns: 6000 });
  });

  it("agrees with the URL parser on any character at any place", () => {
    const router = new TargetReader();
    router.find("http://a.test/");
    for (let code = 0; code < 0x180; code++) {
      for (const target of [
        `/${String.fromCharCode(code)}x`,
        `/x?${String.fromCharCode(code)}`,
        `/x${String.fromCharCode(code)}`,
      ]) {
        const one = `http://a.test${target}`;
        assertEquals(found(router, one), parsed(one), JSON.stringify(one));
      }
    }
  });

  it("never lets a byte into a target that could end the request line", () => {
    const router = new TargetReader();
    fc.assert(
      fc.property(url, (one) => {
        const route = found(router, one);
        if (route !== "refused") assertEquals(/^\/[\x21-\x7e]*$/.test(route[1]), true, route[1]);
      }),
      { numRuns: 3000 },
    );
  });

  it("gives the same origin for every spelling of it", () => {
    const router = new TargetReader();
    const keys = ["http://a.test/", "http://a.test:80/x", "HTTP://A.TEST", "http://a.test:080/?y"].map(
      (one) => router.find(one).origin.key,
    );
    assertEquals(new Set(keys), new Set(["http://a.test"]));
  });

  it("takes a URL object, and one of another library by its text", () => {
    const router = new TargetReader();
    assertEquals(router.find(new URL("http://a.test/x?y#z")).target, "/x?y");
    const foreign = {
      href: "http://a.test/x y",
      pathname: "/x\r\nInjected: yes",
      search: "",
      host: "b",
      protocol: "http:",
    };
    const { origin, target } = router.find(foreign as unknown as URL);
    assertEquals([origin.key, target], ["http://a.test", "/x%20y"]);
  });

  it("names what is wrong", () => {
    const router = new TargetReader();
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
      const { message } = assertThrows(() => router.find(value as string), TypeError);
      assertStringIncludes(message, named);
      assertEquals(message.includes("secret"), false);
    }
  });

  it("forgets spellings rather than remember them without bound", () => {
    const router = new TargetReader();
    for (let count = 0; count < 2500; count++) {
      assertEquals(router.find(`http://h${count}.test/a`).origin.hostname, `h${count}.test`);
    }
    assertEquals(router.find("http://h1.test/b").target, "/b");
  });
});
