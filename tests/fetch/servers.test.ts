/**
 * A response of the pool can be returned from the handler of a server, and arrives with its status, headers and body. Some
 * servers read the internal slots of a Response, others its getters.
 */

import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import { createPool } from "../../mod.ts";
import { zlibDecoder } from "../../transports/decoders.ts";
import { type MemoryResponse, memoryTransport } from "../../transports/memory.ts";
import {
  type Handler,
  has,
  hostname,
  type Listening,
  serveBun,
  serveDeno,
  serveNode,
} from "../support/serve.ts";
import { settled, utf8 } from "./support.ts";

const SERVERS: Record<string, [serve: (handler: Handler) => Promise<Listening>, skip: string | false]> = {
  "Deno.serve": [serveDeno, !has.deno && "only on Deno"],
  "Bun.serve": [serveBun, !has.bun && "only on Bun"],
  "node:http with @hono/node-server": [serveNode, false],
};

const urlOf = ({ port }: Listening): string => `http://${hostname}:${port}/`;

const LONG = "0123456789".repeat(50_000);

const ANSWERS: Record<string, [answer: MemoryResponse, body: string]> = {
  "a whole body": [{ status: 203, headers: { "X-A": "1" }, body: "hello" }, "hello"],
  chunks: [{ status: 200, headers: { "X-A": "1" }, body: ["hel", "lo"] }, "hello"],
  "a long body": [{ status: 200, headers: { "X-A": "1" }, body: LONG }, LONG],
  "long chunks": [
    { status: 404, headers: { "X-A": "1" }, body: Array(50).fill(LONG.slice(0, 10_000)) },
    LONG,
  ],
  "a decoded body": [
    { status: 200, headers: { "X-A": "1", "Content-Encoding": "gzip" }, body: gzipSync(utf8("hello")) },
    "hello",
  ],
  "an empty body": [{ status: 200, headers: { "X-A": "1" } }, ""],
  "no body": [{ status: 204, headers: { "X-A": "1" } }, ""],
};

function upstream(answer: MemoryResponse) {
  const headers = { ...answer.headers, "Content-Type": "text/x-test" };
  const transport = Object.assign(memoryTransport({ respond: () => ({ ...answer, headers }) }), {
    decoder: zlibDecoder,
  });
  return createPool({ transport });
}

/** Sends the head at once, and the body in pieces one after the other. */
function streaming(framing: string) {
  const piece = LONG.slice(0, 10_000);
  const chunked = framing.includes("chunked");
  const transport = memoryTransport({
    accept: (peer) =>
      peer.onData(async () => {
        peer.send(`HTTP/1.1 203 Odd\r\nX-A: 1\r\n${framing}\r\n\r\n`);
        for (let count = 0; count < 6; count++) {
          await settled();
          peer.send(chunked ? `2710\r\n${piece}\r\n` : piece);
        }
        if (chunked) peer.send("0\r\n\r\n");
        if (framing.startsWith("X-")) peer.end();
      }),
  });
  return createPool({ transport });
}

for (const [server, [serve, skip]] of Object.entries(SERVERS)) {
  describe(`a response returned from a handler of ${server}`, { skip }, () => {
    for (const [name, [answer, body]] of Object.entries(ANSWERS)) {
      it(`arrives whole, with ${name}`, async () => {
        await using pool = upstream(answer);
        const served = await serve(() => pool.fetch("http://a.test/"));
        for (let count = 0; count < 2; count++) {
          const arrived = await fetch(urlOf(served));
          assertEquals([arrived.status, await arrived.text()], [answer.status ?? 200, body]);
          assertEquals(
            [
              arrived.headers.get("x-a"),
              arrived.headers.get("content-type"),
              arrived.headers.get("content-encoding"),
            ],
            ["1", "text/x-test", null],
          );
        }
        await served.close();
      });
    }

    for (const framing of ["Content-Length: 60000", "Transfer-Encoding: chunked", "X-Framing: none"]) {
      it(`arrives whole when its body comes after it, with ${framing.split(":")[0]}`, async () => {
        await using pool = streaming(framing);
        const served = await serve(() => pool.fetch("http://a.test/"));
        const arrived = await fetch(urlOf(served));
        assertEquals([arrived.status, arrived.headers.get("x-a")], [203, "1"]);
        assertEquals(await arrived.text(), LONG.slice(0, 60_000));
        await served.close();
      });
    }

    it("arrives whole when it is a clone, and when its body is moved to another response", async () => {
      await using pool = upstream({ body: "hello", headers: { "X-A": "1" } });
      let wrap: (response: Response) => Response = (response) => response.clone();
      const served = await serve(async () => wrap(await pool.fetch("http://a.test/")));
      const copied = await fetch(urlOf(served));
      assertEquals([await copied.text(), copied.headers.get("x-a")], ["hello", "1"]);
      wrap = (response) => new Response(response.body, response);
      const wrapped = await fetch(urlOf(served));
      assertEquals([await wrapped.text(), wrapped.headers.get("x-a")], ["hello", "1"]);
      await served.close();
    });

    // `node:http` refuses such a status by itself, and @hono/node-server answers with 500.
    it("is a 502 with a reason where the server refuses its status", {
      skip: server.startsWith("node:http"),
    }, async () => {
      const transport = memoryTransport({
        accept: (peer) => peer.onData(() => peer.send("HTTP/1.1 007 Bond\r\nContent-Length: 2\r\n\r\nhi")),
      });
      await using pool = createPool({ transport });
      const served = await serve(() => pool.fetch("http://a.test/"));
      const { status, headers } = await fetch(urlOf(served));
      await served.close();
      assertEquals(
        [status, headers.get("proxy-status")],
        [502, "holdfast; error=http_protocol_error; received-status=7"],
      );
    });

    it("answers HEAD with the fields and no body", async () => {
      await using pool = upstream({ body: "hello", headers: { "X-A": "1" } });
      const served = await serve(({ method }) => pool.fetch("http://a.test/", { method }));
      const arrived = await fetch(urlOf(served), { method: "HEAD" });
      assertEquals([arrived.status, arrived.headers.get("x-a"), await arrived.text()], [200, "1", ""]);
      await served.close();
    });

    it("carries each Set-Cookie", async () => {
      const transport = memoryTransport({
        accept: (peer) =>
          peer.onData(() =>
            peer.send("HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nhi"),
          ),
      });
      await using pool = createPool({ transport });
      const served = await serve(() => pool.fetch("http://a.test/"));
      const arrived = await fetch(urlOf(served));
      assertEquals([await arrived.text(), arrived.headers.getSetCookie()], ["hi", ["a=1", "b=2"]]);
      await served.close();
    });

    it("arrives whole for a request made of the server's own Request, with its body", async () => {
      const transport = memoryTransport({
        respond: (request) => ({ body: `${request.method} ${request.text()}` }),
      });
      await using pool = createPool({ transport });
      const served = await serve(({ method, body }) =>
        pool.fetch("http://a.test/", { method, body: body as ReadableStream<Uint8Array>, duplex: "half" }),
      );
      const arrived = await fetch(urlOf(served), { method: "PUT", body: "payload" });
      assertEquals(await arrived.text(), "PUT payload");
      await served.close();
    });
  });
}
