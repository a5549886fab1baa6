/** Linear time: reading input of a peer or a caller takes time proportional to its length, for every input. */

import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { describe, it } from "node:test";
import { assertEquals, assertLess } from "@std/assert";
import { presets } from "../../mod.ts";
import type { NodeRequest } from "../../src/agent/node-request.ts";
import { Routes } from "../../src/agent/routes.ts";
import { toMs } from "../../src/contract/duration.ts";
import { withoutCredentials } from "../../src/contract/excerpt.ts";
import { originOf } from "../../src/contract/origin.ts";
import { proxyReason } from "../../src/contract/secrets.ts";
import { portableText } from "../../src/contract/text.ts";
import { decodingOf } from "../../src/fetch/decode.ts";
import { bareGet } from "../../src/fetch/fetch-request.ts";
import { headerList } from "../../src/fetch/header-list.ts";
import { expectedOf } from "../../src/fetch/integrity.ts";
import { formParts } from "../../src/fetch/multipart.ts";
import { redirectedRequest } from "../../src/fetch/redirect.ts";
import { UrlReader } from "../../src/fetch/request-url.ts";
import { addForwardingFields, tellsOfHops } from "../../src/hono/forward/forwarding-fields.ts";
import { outgoingFields } from "../../src/hono/forward/outgoing-fields.ts";
import { refuseAmbiguous } from "../../src/hono/forward/request-path.ts";
import { hasDotSegments } from "../../src/hono/upstream/dot-segments.ts";
import { dropHopByHop, withoutFieldsNamedByConnection } from "../../src/hono/upstream/hop-by-hop.ts";
import { addFields, headFields, trailerFields } from "../../src/http1/parse/fields.ts";
import { passable } from "../../src/http1/parse/framing.ts";
import { ResponseParser } from "../../src/http1/parse/response-parser.ts";
import { checkMethod, requestFields } from "../../src/http1/send/request-head.ts";
import { ResponseSection } from "../../src/http2/response-section.ts";
import { Labels } from "../../src/metrics/labels.ts";
import { PrometheusMeter } from "../../src/metrics/prometheus.ts";
import { show } from "../../src/options/checks.ts";
import { originPattern } from "../../src/options/origin-pattern.ts";
import { proxyAt } from "../../src/options/proxy.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import * as connectionTests from "../../src/presets/connection-readers.ts";
import * as readers from "../../src/presets/keep-alive-readers.ts";
import { HttpConnect } from "../../src/proxy/http-connect.ts";
import { isExcepted } from "../../src/proxy/no-proxy.ts";
import { environmentProxy, readEnvironment } from "../../src/proxy/proxy-environment.ts";
import { Socks5 } from "../../src/proxy/socks5.ts";
import { parseKeepAlive } from "../../src/rules/hints.ts";
import { parseConnection } from "../../src/rules/persistence.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import { transportErrorOf } from "../../transports/error-mapping.ts";
import { serving } from "../fetch/support.ts";
import { bestOfFive, type Reader, slowText, tooSlow } from "./linear.ts";

/** No limits: they would end most inputs before these cost any time. */
const UNLIMITED = {
  ...resolveOptions({}).limits,
  headBytes: 2 ** 30,
  lineBytes: 2 ** 30,
  headerCount: 2 ** 30,
  chunkExtensionBytes: 2 ** 30,
  trailerBytes: 2 ** 30,
};

const PORTS = { http: 80, https: 443, socks5: 1080 };
const DESTINATION = { origin: "https://a.test", hostname: "a.test", port: 443 };

/** Reads a field as `forward()` does. What it refuses has been read. */
function forwardedField(name: string, value: string): void {
  const hop = { address: "10.0.0.1", host: "a.test", protocol: "http" };
  const plan = { hop, trusted: false, forwarded: "both", version: "1.1", via: "gw" } as const;
  try {
    outgoingFields([[name, value]], {
      ...plan,
      cookie: name === "cookie" ? `${value};` : undefined,
      host: undefined,
    });
  } catch {
    // Refused.
  }
}

function forwardedPath(text: string): void {
  try {
    refuseAmbiguous(`/${text}`);
  } catch {
    // Refused.
  }
}

const latin1 = (text: string): Uint8Array => {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  return bytes;
};

/** Parses a message, and reads what a program reads of it. */
function parsed(message: string, step = Infinity): void {
  const bytes = latin1(message);
  const parser = new ResponseParser(UNLIMITED, portableText);
  let trailers = "";
  parser.begin("GET", {
    interim: () => {},
    head(head) {
      headFields(head.text).get("a");
      addFields(head.text, new Headers());
    },
    body: () => {},
  });
  for (let at = 0; at < bytes.length && !parser.complete; ) {
    const stop = Math.min(bytes.length, at + step);
    parser.feed(bytes, at, stop);
    at = stop;
  }
  parser.end();
  trailers = parser.trailers;
  trailerFields(trailers);
}

const HEAD = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${HEAD}transfer-encoding: chunked\r\n\r\n`;

/** Messages that only depend on a length. */
const LENGTHS: Readonly<Record<string, (length: number) => string>> = {
  "folded fields": (length) => `${HEAD}a: b${"\r\n c".repeat(length / 4)}\r\n\r\n`,
  "folded fields of blanks": (length) => `${HEAD}a: b${"\r\n  ".repeat(length / 4)}\r\n\r\n`,
  "Content-Length, many times": (length) => `${HEAD}${"content-length: 0\r\n".repeat(length / 16)}\r\n`,
  "Connection, many lines": (length) => `${HEAD}${"connection: a\r\n".repeat(length / 16)}\r\n`,
  "chunks of a byte": (length) => `${CHUNKED}${"1\r\na\r\n".repeat(length / 6)}0\r\n\r\n`,
  "chunks of a byte with an extension": (length) =>
    `${CHUNKED}${'1 ;a="b"\r\na\r\n'.repeat(length / 12)}0\r\n\r\n`,
  "interim responses": (length) =>
    `${"HTTP/1.1 103 \r\na: b\r\n\r\n".repeat(length / 23)}HTTP/1.1 204 \r\n\r\n`,
};

/** Each input of a peer or a program, with the function that reads it. */
const READERS: Readonly<Record<string, Reader>> = {
  "a status line": (text) => parsed(`HTTP/1.1 200 ${text}\r\n\r\n`),
  "a head": (text) => parsed(`${HEAD}${text}\r\n\r\n`),
  "a field": (text) => parsed(`${HEAD}a: ${text}\r\n\r\n`),
  "a field with blanks around it": (text) => parsed(`${HEAD}a:  \t${text}\t\r\n\r\n`),
  "Content-Length": (text) => parsed(`${HEAD}content-length: ${text}\r\n\r\n`),
  "content-length, over HTTP/2": (text) => {
    const section = new ResponseSection(UNLIMITED);
    section.begin(true);
    section.field("content-length", text, `content-length: ${text}\r\n`);
  },
  "Transfer-Encoding": (text) => parsed(`${HEAD}transfer-encoding: ${text}\r\n\r\n`),
  "a chunk's extensions": (text) => parsed(`${CHUNKED}1;${text}\r\na\r\n0\r\n\r\n`),
  "a chunk's blanks and extensions": (text) => parsed(`${CHUNKED}1 ${text}\r\na\r\n0\r\n\r\n`),
  "a chunk's quoted extension": (text) => parsed(`${CHUNKED}1;a="${text}"\r\na\r\n0\r\n\r\n`),
  "chunk sizes": (text) => parsed(`${CHUNKED}${text}`),
  trailers: (text) => parsed(`${CHUNKED}0\r\n${text}\r\n\r\n`),
  "Connection, by the rules": parseConnection,
  "Keep-Alive, by the rules": parseKeepAlive,
  "Keep-Alive's timeout": (text) => parseKeepAlive(`timeout=${text}`),
  ...readersOfPresets(),
  ...testsOfPresets(),
  "Content-Encoding": (text) => decodingOf(text, zlibDecoder),
  "Content-Encoding of nothing": (text) => decodingOf(`identity,${text}`, () => undefined),
  Location: (text) => redirectedRequest(bareGet(requestUrl("http://a.test/"), NONE), 302, text, 1),
  "Location, absolute": (text) =>
    redirectedRequest(bareGet(requestUrl("http://a.test/"), NONE), 302, `http://${text}`, 1),
  "a proxy's answer": (text) => {
    const bytes = latin1(`HTTP/1.1 407 ${text}\r\na: ${text}\r\n\r\n`);
    const proxy = proxyAt("http://user:word@p.test", "proxy", PORTS);
    new HttpConnect(proxy, DESTINATION, { limits: UNLIMITED, text: portableText }).feed(bytes, bytes.length);
  },
  "a proxy's reason": (text) => proxyReason(text, `Basic ${btoa("user:word")}`),
  "a SOCKS proxy's answer": (text) => {
    const bytes = latin1(text);
    new Socks5(proxyAt("socks5://p.test", "proxy", PORTS), DESTINATION).feed(bytes, bytes.length);
  },
  "a header value of fetch": (text) => headerList({ a: `x${text}x` }),
  "an integrity": (text) => expectedOf(`sha256-${text}`),
  "a URL": (text) => requestUrl(text),
  "a URL's target": (text) => requestUrl(`http://a.test/${text}`),
  "a URL's host": (text) => requestUrl(`http://${text}`),
  "a URL's credentials": (text) => requestUrl(`http://${text}@a.test/`),
  "a URL's port": (text) => requestUrl(`http://a.test:${text}`),
  "an origin": (text) => originOf(text),
  "a text that is no URL": withoutCredentials,
  "no URL, with an @": (text) => withoutCredentials(`${text}@`),
  "a header field's value": (text) => requestFields([["a", text]]),
  "a header field's name": (text) => requestFields([[text, "a"]]),
  "a caller's Connection": (text) => requestFields([["connection", text]]),
  "a caller's Content-Length": (text) => requestFields([["content-length", text]]),
  "a method": checkMethod,
  "a form's names": (text) => formParts([[text, text]], "b", () => undefined),
  "a duration": (text) => toMs(text as never, "idleTimeout"),
  "a duration of digits": (text) => toMs(`${text}ms` as never, "idleTimeout"),
  "a wrong option": (text) => show(text),
  "a preset's version": (text) => presets.reqwest({ version: text } as never),
  "a pattern of origins": (text) => originPattern(text),
  "the end of a pattern of origins": (text) => originPattern(`https://*.${text}`),
  "a proxy": (text) => proxyAt(text, "proxy", PORTS),
  "a proxy's host": (text) => proxyAt(`http://${text}`, "proxy", PORTS),
  "a proxy's credentials": (text) => proxyAt(`http://${text}@p.test`, "proxy", PORTS),
  "a proxy's port": (text) => proxyAt(`http://p.test:${text}`, "proxy", PORTS),
  "the environment": (text) => {
    const variables: Record<string, string> = { http_proxy: `http://p.test:${text}`, no_proxy: text };
    environmentProxy(
      readEnvironment((name) => variables[name]),
      originOf("http://a.test/"),
    );
  },
  "NO_PROXY, for a name": (text) => isExcepted("a.test", text),
  "NO_PROXY, for an address": (text) => isExcepted("192.0.2.1", text),
  "NO_PROXY, for IPv6": (text) => isExcepted("2001:db8::1", text),
  "hop-by-hop fields": (text) => dropHopByHop(new Headers({ connection: text, a: text })),
  "an inbound Connection": (text) =>
    withoutFieldsNamedByConnection(new Request("http://a.test/", { headers: { connection: text, a: text } })),
  "fields that tell of hops": (text) => {
    const hops = new Map([
      ["forwarded", text],
      ["x-forwarded-for", text],
    ]);
    const hop = { address: "10.0.0.1", host: text, protocol: "http" };
    tellsOfHops(text);
    addForwardingFields([], hops, hop, () => true, "both");
  },
  "fields that are forwarded": (text) => {
    for (const name of ["via", "te", "host", "cookie", "transfer-encoding"]) forwardedField(name, text);
  },
  "a path to be forwarded": (text) => forwardedPath(text),
  "a URL and a Host for an agent": (text) => {
    const request = { getHeader: () => text, _header: "", headers: {} } as unknown as NodeRequest;
    const options = { protocol: "https:", port: 80, host: "a.test", headers: { host: text } };
    const routes = new Routes(() => false, undefined);
    routes.of({ ...options, href: `https://${text}` }, request);
  },
  "a path's segments": (text) => hasDotSegments(`http://a.test/${text}`),
  "both lengths": (text) =>
    passable({
      text: `HTTP/1.1 200 OK\r\ncontent-length: 1\r\na: ${text}\r\ntransfer-encoding: Chunked\r\n`,
      status: 200,
      minorVersion: 1,
      httpVersion: "1.1" as const,
      contentLength: 1,
      transferEncoding: "Chunked",
      connection: undefined,
      keepAlive: undefined,
      coded: false,
    }),
  "Prometheus' labels": (text) => {
    const meter = new PrometheusMeter();
    meter.createCounter("a", { description: text, unit: "1" }).add(1, { "b.c": text });
    meter.text();
  },
  "an origin's labels": (text) => new Labels().of(text),
  "a runtime's error": (text) => transportErrorOf(new Error(text), "connect"),
};

const NO_FIELDS = { headers: [], fields: requestFields([]) };
const NONE = { http: NO_FIELDS, https: NO_FIELDS };
const requestUrl = (url: string) => new UrlReader().read(url);

function readersOfPresets(): Record<string, Reader> {
  const jdk = { serverMs: 5000, proxyMs: 60_000, zeroCloses: true };
  const all = {
    undici: readers.undiciReader(readers.UNDICI_ANYWHERE, 4000, 600_000, 1000),
    "undici 8.12": readers.undiciReader(readers.UNDICI_PARAMETER, 4000, 600_000, 1000),
    "Node's Agent": readers.regexAtStart(5000, 1000),
    "Apache 4": readers.headerElements(5000, true),
    "Apache 5": readers.headerElements(5000, false),
    "the JDK": readers.jdkParser(jdk),
  };
  const read = (reader: (typeof all)["the JDK"], keepAlive: string) =>
    reader({
      keepAlive,
      connection: "keep-alive",
      minorVersion: 1,
      proxied: false,
      requests: 1,
      lines: () => ["keep-alive"],
    });
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, reader]) => [
      [`Keep-Alive, by ${name}`, (text: string) => read(reader, text)],
      [`Keep-Alive's timeout, by ${name}`, (text: string) => read(reader, `timeout=${text}`)],
    ]),
  );
}

function testsOfPresets(): Record<string, Reader> {
  const facts = (text: string, minorVersion: number) => ({
    method: "GET",
    status: 200,
    minorVersion,
    proxied: true,
    lines: () => [text],
  });
  return Object.fromEntries(
    Object.entries(connectionTests).map(([name, test]) => [
      `Connection, by ${name}`,
      (text: string) => {
        test(facts(text, 0));
        test(facts(text, 1));
      },
    ]),
  );
}

describe("the CPU time to read", () => {
  for (const [what, read] of Object.entries(READERS)) {
    it(`${what} grows with its length and no faster`, () => assertEquals(slowText(read), undefined));
  }

  for (const [what, of] of Object.entries(LENGTHS)) {
    it(`${what} grows with their length and no faster`, () =>
      assertEquals(
        tooSlow((text) => parsed(text), of),
        undefined,
      ));
  }
});

describe("a message that arrives byte by byte", () => {
  /** Sockets use their buffer again, so each byte is followed by much old data. */
  const message = (length: number): Record<string, string> => ({
    "a head of many lines": `${HEAD}${"a: b\r\n".repeat(length / 6)}\r\n`,
    "a head of a long line": `${HEAD}a: ${"b".repeat(length)}\r\n\r\n`,
    "trailers of many lines": `${CHUNKED}0\r\n${"a: b\r\n".repeat(length / 6)}\r\n`,
    "chunks of a byte": `${CHUNKED}${"1\r\na\r\n".repeat(length / 6)}0\r\n\r\n`,
  });

  for (const what of Object.keys(message(0))) {
    it(`takes linear time in all: ${what}`, () => {
      const time = (length: number) => {
        const text = message(length)[what] ?? "";
        return bestOfFive(() => parsed(text, 1));
      };
      assertLess(time(256 * 1024), Math.max(30, 4 * 64 * time(4 * 1024)));
    });
  }
});

describe("a request to the memory transport's responder", () => {
  it("is read in linear time", async () => {
    const cost = async (length: number): Promise<number> => {
      await using at = serving();
      const headers = { a: `b${" ".repeat(length)}c` };
      const before = process.cpuUsage();
      await at.pool.request("http://a.test/", { headers });
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1000;
    };
    await cost(1000);
    assertLess(await cost(64_000), Math.max(200, 256 * (await cost(1000))));
  });
});

describe("regular expressions", () => {
  /** Why each file takes linear time: the reader above that proves it, or why no foreign text gets there. */
  const KNOWN: Readonly<Record<string, string>> = {
    "src/agent/node-errors.ts": "one class",
    "src/agent/routes.ts": "a URL and a Host for an agent",
    "src/options/checks.ts": "a word at the start of our own text",
    "src/testing/simulate.ts": "the end of a name in a simulation",
    "src/cli/colours.ts": "one class at the start of our own text",
    "src/cli/command-line.ts": "one class at the start of the runtime's text",
    "src/testing/habitual-peer.ts": "what the pool under test sends to a server of a test",
    "src/testing/tape.ts": "two words at the start of a URL",
    "src/contract/duration.ts": "a duration",
    "src/contract/excerpt.ts": "a text that is no URL",
    "src/dispatcher/dispatch-request.ts": "one class at the start, and a text of 300 characters at most",
    "src/fetch/integrity.ts": "an integrity",
    "src/fetch/local-url.ts": "one class at the start, and two words",
    "src/fetch/multipart.ts": "a form's names",
    "src/fetch/redirect.ts": "Location",
    "src/fetch/request-url.ts": "a URL",
    "src/options/origin-pattern.ts": "a pattern of origins",
    "src/hono/upstream/dot-segments.ts": "a path's segments",
    "src/hono/forward/address-ranges.ts": "texts of 45 characters at most, and a length of three digits",
    "src/hono/forward/forwarding-fields.ts": "fields that tell of hops",
    "src/hono/forward/forward.ts": "a number of nine digits at most",
    "src/hono/forward/outgoing-fields.ts": "fields that are forwarded",
    "src/hono/forward/request-path.ts": "a path to be forwarded",
    "src/hono/forward/returned-response.ts": "one class",
    "src/hono/forward/via.ts": "fields that are forwarded",
    "src/hono/upstream/hop-by-hop.ts": "hop-by-hop fields",
    "src/hono/status/pool-status.ts": "one class, and what the URL parser made of a path",
    "src/http1/parse/framing.ts": "both lengths",
    "src/http1/parse/head.ts": "Content-Length",
    "src/http1/send/request-head.ts": "a caller's Content-Length",
    "src/http2/response-section.ts": "content-length, over HTTP/2",
    "src/http1/syntax.ts": "a header field's value",
    "src/metrics/labels.ts": "an origin's labels",
    "src/pool/connect/resolver.ts": "a hostname, of 255 characters at most",
    "src/presets/directives.ts": "a preset's version",
    "src/presets/keep-alive-readers.ts": "Keep-Alive, by the JDK",
    "src/options/proxy.ts": "a proxy",
    "src/options/tls.ts": "a hostname, of 255 characters at most",
    "src/register/global-fetch.ts": "one class at the start, and a scheme",
    "src/register/variables.ts": "the environment of the program itself",
    "src/proxy/no-proxy.ts": "NO_PROXY, for a name",
    "src/proxy/socks5.ts": "a hostname, of 255 characters at most",
    "src/rules/hints.ts": "Keep-Alive, by the rules",
    "src/contract/secrets.ts": "a proxy's reason",
    "transports/bun-socket-facts.ts": "an address, by four numbers of three digits at most",
    "transports/bun-tls.ts": "a hostname, of 255 characters at most",
    "transports/error-mapping.ts": "a runtime's error",
    "transports/memory-responder.ts": "a request to the memory transport's responder",
  };

  it("are only in files whose inputs are tested here", () => {
    const root = new URL("../../", import.meta.url);
    const found = ["src", "transports"].flatMap((folder) =>
      readdirSync(new URL(folder, root), { recursive: true, encoding: "utf8" })
        .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
        .filter((name) => name.endsWith(".ts") && !name.endsWith("status/assets.ts"))
        .filter((name) => holdsExpression(readFileSync(new URL(name, root), "utf8"))),
    );
    assertEquals(found.sort(), Object.keys(KNOWN).sort());
  });

  function holdsExpression(source: string): boolean {
    return source
      .split("\n")
      .some(
        (line) =>
          !/^\s*(\*|\/\/|\/\*)/.test(line) &&
          /(?:[=(:,[!|&?]|^|return)\s*\/[^/*\s].*\/[dgimsuvy]*\s*[.,;)\]]/.test(line),
      );
  }
});
