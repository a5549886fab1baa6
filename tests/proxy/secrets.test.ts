/** Secrets: no error shows the credentials of a proxy, however the proxy repeats them. */

import { describe, it } from "node:test";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createPool, HoldfastError } from "../../mod.ts";
import { peerExcerpt, proxyReason } from "../../src/contract/secrets.ts";
import { portableText } from "../../src/contract/text.ts";
import { proxyAt } from "../../src/options/proxy.ts";
import { resolveOptions } from "../../src/options/resolve.ts";
import { HttpConnect } from "../../src/proxy/http-connect.ts";
import { memoryTransport } from "../../transports/memory.ts";

const PASSWORD = "s3cr+t/ü";
const PROXY = `http://usr:${encodeURIComponent(PASSWORD)}@proxy.test:3128`;
const { authorization = "" } = proxyAt(PROXY, "proxy", { http: 80, https: 443, socks5: 1080 });
const TOKEN = authorization.replace("Basic ", "");
const UTF8 = String.fromCharCode(...new TextEncoder().encode(PASSWORD));

const ECHOES: Readonly<Record<string, string>> = {
  "the field": `Not accepted: ${authorization}`,
  "its token": `Not accepted: ${TOKEN}`,
  "its token without padding": `Not accepted: ${TOKEN.replace(/=+$/, "")}`,
  "its token in other letters": `Not accepted: ${TOKEN.toUpperCase()}`,
  "the password, escaped": `Not accepted: ${encodeURIComponent(PASSWORD)}`,
  "the token where it is cut off": `Not accepted for a reason that is long enough to be cut behind it ${TOKEN}`,
};

/** Everything that a program can see of an error. */
function everything(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const own = JSON.stringify(Object.entries(error));
  return `${error.message} ${error.stack} ${own} ${everything(error.cause)}`;
}

function assertHidden(error: unknown): void {
  const shown = everything(error).toLowerCase();
  for (const secret of [TOKEN, TOKEN.slice(0, 8), PASSWORD, encodeURIComponent(PASSWORD), UTF8, "s3cr"])
    assert(!shown.includes(secret.toLowerCase()), `${secret} is shown in: ${shown}`);
}

function connectError(answer: string): unknown {
  const proxy = proxyAt(PROXY, "proxy", { http: 80, https: 443, socks5: 1080 });
  const to = { origin: "https://a.test", hostname: "a.test", port: 443 };
  const bytes = Uint8Array.from(answer, (character) => character.charCodeAt(0));
  try {
    new HttpConnect(proxy, to, { limits: resolveOptions({}).limits, text: portableText }).feed(
      bytes,
      bytes.length,
    );
  } catch (error) {
    return error;
  }
  return undefined;
}

async function forwardError(answer: string): Promise<unknown> {
  const transport = memoryTransport({ accept: (peer) => peer.onData(() => peer.send(answer)) });
  const pool = createPool({ transport, proxy: PROXY });
  const alive = setInterval(() => {}, 1000);
  const error = await pool.request("http://a.test/").then(
    () => undefined,
    (thrown) => thrown,
  );
  await pool.close({ timeout: 0 });
  clearInterval(alive);
  return error;
}

for (const [what, echo] of Object.entries(ECHOES)) {
  const refusal = `HTTP/1.1 407 ${echo}\r\nContent-Length: 0\r\n\r\n`;
  const malformed = `HTTP/1.1 407 No\r\n${echo.slice("Not accepted: ".length)} \x01\r\n\r\n`;

  describe(`a proxy that repeats ${what}`, () => {
    for (const [how, answer] of Object.entries({ refusal, malformed })) {
      it(`has it hidden by an error of a tunnel: ${how}`, () => {
        const error = connectError(answer);
        assertInstanceOf(error, HoldfastError);
        assertHidden(error);
      });

      it(`has it hidden by an error of a request that it reads: ${how}`, async () => {
        const error = await forwardError(answer);
        assertInstanceOf(error, HoldfastError);
        assertHidden(error);
      });
    }
  });
}

describe("a reason", () => {
  it("without credentials is shown, shortened", () => {
    assertEquals(
      proxyReason("Proxy Authentication Required", authorization),
      "Proxy Authentication Required",
    );
    assertEquals(proxyReason("x".repeat(100), undefined), `${"x".repeat(80)}… (100 characters)`);
  });

  it("is shown without anything that looks like the value of an Authorization field", () => {
    assertEquals(
      peerExcerpt("got BEARER abc.def, wanted Basic  Zm9vOmJhcg=="),
      "got BEARER … wanted Basic …",
    );
  });
});
