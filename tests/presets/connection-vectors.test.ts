/** Whether each preset keeps the connection after each response, as measured with the real programs. */

import { describe, it } from "node:test";
import { assertEquals } from "@std/assert";
import { type PersistenceFacts, type PoolOptions, presets } from "../../mod.ts";
import { portableText } from "../../src/contract/text.ts";
import { linesOf } from "../../src/http1/parse/fields.ts";
import { announcedEnd, framingEnd, framingOf } from "../../src/http1/parse/framing.ts";
import { HeadReader } from "../../src/http1/parse/head.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { endByTest } from "../../src/rules/persistence.ts";

type Ask = Partial<Pick<PersistenceFacts, "method" | "proxied">>;

/** Whether the options allow the connection to be reused after this response. */
function keeps(
  options: PoolOptions,
  response: readonly string[],
  { method = "GET", proxied = false }: Ask = {},
) {
  const bytes = new TextEncoder().encode(`${response.join("\r\n")}\r\n\r\n`);
  const { limits, persistence } = resolveOptions(options);
  const reader = new HeadReader(limits, portableText);
  reader.read(bytes, 0, bytes.length);
  const { head } = reader;
  if (head === undefined) throw new Error("the head is not complete");
  if (framingEnd(head, framingOf(head, method)) !== undefined) return false;
  if (persistence === undefined) return announcedEnd(head) === undefined;
  const { status, minorVersion, text } = head;
  const facts = { method, proxied, status, minorVersion, lines: linesOf(text) };
  return endByTest(persistence, facts, announcedEnd(head)) === undefined;
}

const OK = "HTTP/1.1 200 OK";
const OK10 = "HTTP/1.0 200 OK";
const LENGTH = "Content-Length: 2";

/** The columns of the table below. The first column also stands for systems that follow RFC 9112. */
const columns: Readonly<Record<string, PoolOptions>> = {
  std: {},
  "hyper<1.12": presets.denoFetch(),
  llhttp: presets.nodeAgent(),
  chrome: presets.chrome(),
  jdk: presets.jdk(),
  jnh: presets.jdkHttpClient(),
  okHttp: presets.okHttp(),
  curl: presets.curl(),
  nginx: presets.nginxUpstream(),
  hc4: presets.apacheHttpClient4(),
  hc5: presets.apacheHttpClient5(),
};

/** R: the connection is reused. n: a new one is opened. */
const rows: readonly (readonly [answers: string, ...lines: string[]])[] = [
  // std hyper llhttp chrome jdk jnh okHttp curl nginx hc4 hc5
  ["R R R R R R R R R R R", OK],
  ["n n n n n R R n n n n", OK10],
  ["R R R R R R R R n R R", OK10, "Connection: keep-alive"],
  ["R R R R R R R R n R R", OK10, "Connection: Keep-Alive"],
  ["n R R R n R R R n n R", OK10, "Connection: keep-alive, close"],
  ["n R R n n R R R n n R", OK10, "Connection: close, keep-alive"],
  ["n n R R n R R n n R R", OK10, "Proxy-Connection: keep-alive"],
  ["n n n R n R R n n n n", OK, "Connection: keep-alive, close"],
  ["n n n n n R R n n n n", OK, "Connection: close, TE"],
  ["n n n n n n n n n n n", OK, "Connection: close"],
  ["n n n n n n n n n n n", OK, "Connection: CLOSE"],
  ["R R R R n R R n n R R", OK, "Connection: not-closed"],
  ["n R n n R n R n n n n", OK, "Connection: close", "Connection: keep-alive"],
  ["n n n R n R n n n n n", OK, "Connection: keep-alive", "Connection: close"],
  ["R R n n R R R R R n n", OK, "Proxy-Connection: close"],
  ["R R R R n R R R R R R", OK, "Connection: foo"],
  ["R R R R n R R R R R R", OK, "Connection: keep-alive, foo"],
  ["n n n n n n n n n n n", "HTTP/1.1 404 Not Found", "Connection: close"],
];

describe("a connection is reused", () => {
  for (const [answers, status, ...lines] of rows) {
    it([status, ...lines].join(" | "), () => {
      const found = Object.values(columns).map((options) => keeps(options, [status ?? "", LENGTH, ...lines]));
      const shown = found.map((kept) => (kept ? "R" : "n")).join(" ");
      assertEquals(shown, answers, Object.keys(columns).join(" "));
    });
  }

  it("by Bun, Go and reqwest as RFC 9112 says", () => {
    for (const preset of [presets.bunFetch(), presets.go(), presets.reqwest()]) {
      for (const [answers, status, ...lines] of rows)
        assertEquals(keeps(preset, [status ?? "", LENGTH, ...lines]), answers[0] === "R", lines.join());
    }
  });

  it("by undici as by Node's Agent, but never after a HEAD", () => {
    for (const [, status, ...lines] of rows) {
      const response = [status ?? "", LENGTH, ...lines];
      assertEquals(keeps(presets.undici(), response), keeps(presets.nodeAgent(), response), lines.join());
      assertEquals(keeps(presets.undici(), response, { method: "HEAD" }), false);
    }
  });

  it("by reqwest with hyper before 1.12 line by line", () => {
    const response = [OK, LENGTH, "Connection: close", "Connection: keep-alive"];
    assertEquals(keeps(presets.reqwest({ hyper: "1.11" }), response), true);
    assertEquals(keeps(presets.reqwest(), response), false);
  });

  it("after a HEAD without a length, but not by Node's Agent and Bun", () => {
    const ask = { method: "HEAD" };
    assertEquals(keeps({}, [OK], ask), true);
    for (const preset of [presets.nodeAgent(), presets.bunFetch()]) {
      assertEquals(keeps(preset, [OK], ask), false);
      assertEquals(keeps(preset, [OK, "Content-Length: 9"], ask), true);
      assertEquals(keeps(preset, [OK, "Transfer-Encoding: chunked"], ask), true);
      assertEquals(keeps(preset, ["HTTP/1.1 304 Not Modified"], ask), true);
    }
  });

  it("by Apache HttpClient only after one Content-Length, or a transfer coding", () => {
    for (const preset of [presets.apacheHttpClient4(), presets.apacheHttpClient5()]) {
      assertEquals(keeps(preset, [OK, LENGTH, LENGTH]), false);
      assertEquals(keeps(preset, [OK, "Transfer-Encoding: chunked"]), true);
      assertEquals(keeps(preset, ["HTTP/1.1 204 No Content"]), true);
      assertEquals(keeps(preset, ["HTTP/1.1 204 No Content", "Content-Length: 5"]), false);
      assertEquals(keeps(preset, [OK], { method: "HEAD" }), true);
    }
  });

  it("by the JDK and curl with Proxy-Connection, if they use a proxy", () => {
    const proxied = { proxied: true };
    const closes = [OK, LENGTH, "Proxy-Connection: close"];
    const keepsIt = [OK10, LENGTH, "Proxy-Connection: keep-alive"];
    for (const preset of [presets.jdk(), presets.curl()]) {
      assertEquals([keeps(preset, closes, proxied), keeps(preset, closes)], [false, true]);
      assertEquals([keeps(preset, keepsIt, proxied), keeps(preset, keepsIt)], [true, false]);
    }
  });
});

describe("every preset ends a connection that could mix up responses:", () => {
  const faulty: Readonly<Record<string, readonly string[]>> = {
    "a transfer coding on HTTP/1.0": [OK10, "Connection: keep-alive", "Transfer-Encoding: chunked"],
    "a transfer coding beside a length": [OK, "Connection: keep-alive", "Transfer-Encoding: chunked", LENGTH],
    "a body that ends with the connection": [OK, "Connection: keep-alive"],
  };
  for (const [what, response] of Object.entries(faulty)) {
    it(what, () => {
      for (const [name, options] of Object.entries(columns))
        assertEquals(keeps(options, response), false, name);
    });
  }
});
