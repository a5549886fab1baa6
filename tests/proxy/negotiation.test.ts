/** Negotiation: the bytes written to a proxy, wherever its answers are cut in two. */

import { describe, it } from "node:test";
import { assert, assertEquals } from "@std/assert";
import { HoldfastError } from "../../src/contract/errors.ts";
import { portableText } from "../../src/contract/text.ts";
import { proxyAt } from "../../src/options/proxy.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { HttpConnect } from "../../src/proxy/http-connect.ts";
import { ipv6Bytes } from "../../src/proxy/ipv6.ts";
import type { Destination, Negotiation } from "../../src/proxy/negotiation.ts";
import { Socks5 } from "../../src/proxy/socks5.ts";
import { Prng } from "../support/prng.ts";

const PORTS = { http: 80, https: 443, socks5: 1080 };
const { limits } = resolveOptions({});

function destination(hostname: string, port = 443): Destination {
  return { origin: `https://${hostname}`, hostname, port };
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0));
const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Feeds a negotiation an answer in pieces. Answers all that it wrote, and how it ended. */
function conversation(
  negotiation: Negotiation,
  pieces: readonly Uint8Array[],
): { wrote: string[]; end: string } {
  const wrote = [text(negotiation.opening)];
  try {
    for (const piece of pieces) {
      if (piece.length === 0) continue;
      const { write, openAt } = negotiation.feed(piece, piece.length);
      if (write !== undefined) wrote.push(text(write));
      if (openAt !== undefined) return { wrote, end: openAt === piece.length ? "open" : "open, and more" };
    }
    return { wrote, end: "waits" };
  } catch (error) {
    assert(error instanceof HoldfastError);
    assertEquals([error.code, error.phase], ["ERR_PROXY", "proxy"]);
    const { message, status, retriable } = error;
    return {
      wrote,
      end: `${message.replace(/^The proxy \S+ | \(for \S+\)$/g, "")}${status ? `, ${status}` : ""}${retriable ? ", retriable" : ""}`,
    };
  }
}

/** The same for an answer that comes whole, and cut in two at every place: the result must be the same. */
function everywhere(make: () => Negotiation, answer: Uint8Array): { wrote: string[]; end: string } {
  const whole = conversation(make(), [answer]);
  for (let at = 1; at < answer.length; at++) {
    assertEquals(conversation(make(), [answer.subarray(0, at), answer.subarray(at)]), whole, `cut at ${at}`);
  }
  return whole;
}

describe("CONNECT", () => {
  const connect = (url = "http://proxy.test", to = destination("api.test")) =>
    new HttpConnect(proxyAt(url, "proxy", PORTS), to, { limits, text: portableText });

  const requests: readonly (readonly [proxy: string, to: Destination, head: string])[] = [
    [
      "http://proxy.test",
      destination("api.test"),
      "CONNECT api.test:443 HTTP/1.1\r\nhost: api.test:443\r\n\r\n",
    ],
    [
      "http://proxy.test",
      destination("::1", 8443),
      "CONNECT [::1]:8443 HTTP/1.1\r\nhost: [::1]:8443\r\n\r\n",
    ],
    [
      "http://user:pass@proxy.test",
      destination("192.0.2.1", 80),
      `CONNECT 192.0.2.1:80 HTTP/1.1\r\nhost: 192.0.2.1:80\r\nproxy-authorization: Basic ${btoa("user:pass")}\r\n\r\n`,
    ],
  ];
  for (const [proxy, to, head] of requests) {
    it(`to ${to.hostname} by ${proxy} is written byte for byte`, () =>
      assertEquals(text(connect(proxy, to).opening), head));
  }

  const answers: readonly (readonly [answer: string, end: string])[] = [
    ["HTTP/1.1 200 Connection established\r\n\r\n", "open"],
    ["HTTP/1.0 200 OK\r\nx: y\r\n\r\n", "open"],
    ["HTTP/1.1 204 Fine\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", "open"],
    ["HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", "open"],
    [
      "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 4\r\n\r\n",
      "refused a tunnel: 407 Proxy Authentication Required, 407",
    ],
    ["HTTP/1.1 403\r\n\r\n", "refused a tunnel: 403, 403"],
    ["HTTP/1.1 302 Found\r\nlocation: /login\r\n\r\n", "refused a tunnel: 302 Found, 302"],
    ["HTTP/1.1 504 Gateway Timeout\r\n\r\n", "refused a tunnel: 504 Gateway Timeout, 504, retriable"],
    [
      "HTTP/1.1 101 Switching\r\n\r\n",
      "gave an answer that is not HTTP/1.1: The peer switched protocols unasked (101)",
    ],
    ["HTTP/1.1 200 OK\r\nx: ", "waits"],
    ["", "waits"],
  ];
  for (const [answer, end] of answers) {
    it(`answered with ${JSON.stringify(answer.slice(0, 40))}… ${end}`, () => {
      assertEquals(everywhere(connect, latin1(answer)).end, end);
    });
  }

  it("answered by another protocol fails at once", () => {
    const { end } = conversation(connect(), [latin1("SSH-2.0-OpenSSH_9.9\r\n")]);
    assert(end.startsWith("gave an answer that is not HTTP/1.1"), end);
  });

  it("answered with a head that is too large fails", () => {
    const { end } = conversation(connect(), [latin1(`HTTP/1.1 200 OK\r\nx: ${"y".repeat(70_000)}`)]);
    assert(end.startsWith("gave an answer that is not HTTP/1.1"), end);
  });

  it("says where the tunnel's own bytes begin", () => {
    assertEquals(conversation(connect(), [latin1("HTTP/1.1 200 OK\r\n\r\nhello")]).end, "open, and more");
  });
});

describe("SOCKS5", () => {
  const socks =
    (url = "socks5://proxy.test", to = destination("api.test")) =>
    () =>
      new Socks5(proxyAt(url, "proxy", PORTS), to);
  const WITH_LOGIN = "socks5://user:pass@proxy.test";
  const LOGIN = "\x01\x04user\x04pass";
  const NAME = "\x05\x01\x00\x03\x08api.test\x01\xbb";
  const OPEN = "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00";

  /** Our messages and the answers to them, in turn. */
  const conversations: readonly (readonly [
    what: string,
    make: () => Negotiation,
    answers: string[],
    wrote: string[],
    end: string,
  ])[] = [
    ["without credentials", socks(), ["\x05\x00", OPEN], ["\x05\x01\x00", NAME], "open"],
    [
      "that is not asked for its credentials",
      socks(WITH_LOGIN),
      ["\x05\x00", OPEN],
      ["\x05\x02\x00\x02", NAME],
      "open",
    ],
    [
      "with credentials",
      socks(WITH_LOGIN),
      ["\x05\x02", "\x01\x00", OPEN],
      ["\x05\x02\x00\x02", LOGIN, NAME],
      "open",
    ],
    [
      "to an IPv4 address",
      socks(undefined, destination("192.0.2.1", 80)),
      ["\x05\x00", OPEN],
      ["\x05\x01\x00", "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50"],
      "open",
    ],
    [
      "answered with a name",
      socks(),
      ["\x05\x00", "\x05\x00\x00\x03\x02ab\x00\x50"],
      ["\x05\x01\x00", NAME],
      "open",
    ],
    [
      "answered with an IPv6 address",
      socks(),
      ["\x05\x00", `\x05\x00\x00\x04${"\x00".repeat(18)}`],
      ["\x05\x01\x00", NAME],
      "open",
    ],
    ["whose methods are refused", socks(), ["\x05\xff"], ["\x05\x01\x00"], "asks for credentials"],
    [
      "whose methods are refused, credentials and all",
      socks(WITH_LOGIN),
      ["\x05\xff"],
      ["\x05\x02\x00\x02"],
      "accepts no username and password",
    ],
    [
      "with wrong credentials",
      socks(WITH_LOGIN),
      ["\x05\x02", "\x01\x01"],
      ["\x05\x02\x00\x02", LOGIN],
      "did not accept the credentials",
    ],
    [
      "that is not allowed",
      socks(),
      ["\x05\x00", "\x05\x02\x00\x01"],
      ["\x05\x01\x00", NAME],
      "refused a tunnel: not allowed by its rules",
    ],
    [
      "to nobody",
      socks(),
      ["\x05\x00", "\x05\x04"],
      ["\x05\x01\x00", NAME],
      "refused a tunnel: host unreachable, retriable",
    ],
    [
      "with an unknown code",
      socks(),
      ["\x05\x00", "\x05\x99"],
      ["\x05\x01\x00", NAME],
      "refused a tunnel: code 153, retriable",
    ],
    [
      "with an unknown type of address",
      socks(),
      ["\x05\x00", "\x05\x00\x00\x07\x00"],
      ["\x05\x01\x00", NAME],
      "answered with an unknown type of address",
    ],
    ["with an HTTP server", socks(), ["HTTP/1.1 400"], ["\x05\x01\x00"], "does not speak SOCKS5"],
    ["with one that goes on", socks(), ["\x05\x00\x05\x00"], ["\x05\x01\x00"], "spoke out of turn"],
    ["with one that is silent", socks(), ["\x05"], ["\x05\x01\x00"], "waits"],
  ];
  for (const [what, make, answers, wrote, end] of conversations) {
    it(`${what} writes and ends as expected`, () => {
      assertEquals(conversation(make(), answers.map(latin1)), { wrote, end });
      const bytes = answers.flatMap((answer) => [...latin1(answer)]).map((byte) => Uint8Array.of(byte));
      if (end !== "spoke out of turn") assertEquals(conversation(make(), bytes), { wrote, end });
    });
  }

  it("says where the tunnel's own bytes begin", () => {
    assertEquals(conversation(socks()(), [latin1("\x05\x00"), latin1(`${OPEN}x`)]).end, "open, and more");
  });

  it("refuses a name that is too long for the protocol", () => {
    const { end } = conversation(socks(undefined, destination(`${"a".repeat(256)}`))(), [latin1("\x05\x00")]);
    assertEquals(end, "takes names and credentials of 1 to 255 bytes only");
  });

  for (const [address, hex] of [
    ["::", "00".repeat(16)],
    ["::1", `${"00".repeat(15)}01`],
    ["2001:db8::ff00:42:8329", "20010db8000000000000ff0000428329"],
    ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
    ["fe80::", `fe80${"00".repeat(14)}`],
  ] as const) {
    it(`knows the bytes of ${address}`, () => {
      assertEquals(
        ipv6Bytes(address)
          .map((byte) => byte.toString(16).padStart(2, "0"))
          .join(""),
        hex,
      );
    });
  }
});

describe("whatever a proxy sends", () => {
  /** Real answers with bytes changed, left out and doubled, in random pieces. */
  function mutilated(prng: Prng, answer: string): Uint8Array[] {
    const bytes = [...latin1(answer)];
    for (let change = prng.below(4); change > 0; change--) {
      bytes.splice(
        prng.below(bytes.length),
        prng.below(3),
        ...Array.from({ length: prng.below(3) }, () => prng.below(256)),
      );
    }
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + prng.below(bytes.length);
      pieces.push(Uint8Array.from(bytes.slice(at, at + length)));
      at += length;
    }
    return pieces;
  }

  it("opens the tunnel, needs more bytes, or is a typed error of the proxy", () => {
    const ends = new Map<string, number>();
    for (let seed = 1; seed <= 3000; seed++) {
      const prng = new Prng(seed);
      const socks = prng.oneIn(2);
      const proxy = proxyAt(socks ? "socks5://user:pass@proxy.test" : "http://proxy.test", "proxy", PORTS);
      const answer = socks
        ? "\x05\x02\x01\x00\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50"
        : "HTTP/1.1 200 OK\r\nvia: 1.1 proxy\r\n\r\n";
      const negotiation = socks
        ? new Socks5(proxy, destination("api.test"))
        : new HttpConnect(proxy, destination("api.test"), { limits, text: portableText });
      // Fails the test if the error is of another kind.
      const { end } = conversation(negotiation, mutilated(prng, answer));
      const kind = end.startsWith("open") || end === "waits" ? end : "refused";
      ends.set(kind, (ends.get(kind) ?? 0) + 1);
    }
    assertEquals([...ends.keys()].sort(), ["open", "open, and more", "refused", "waits"]);
  });
});
