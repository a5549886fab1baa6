/** `forward()` for clients that speak HTTP/2, under `node:http2`: no field and no framing of one version reaches the other. */

import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { getRequestListener } from "@hono/node-server";
import { assertEquals } from "@std/assert";
import { Hono } from "hono";
import { createPool } from "../../../mod.ts";
import { forward, type UpstreamEnv, upstream } from "../../../src/hono/mod.ts";
import { PATIENCE_MS, PATIENT } from "../../support/patience.ts";
import { fieldOf, type RawOrigin, startRawOrigin } from "../support/raw-origin.ts";

/** A value of a wrong type: the listener is for both versions. */
type Listener = never;

const WITH_ALL =
  "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nconnection: x-hop\r\nx-hop: 1\r\n\r\n" +
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\nkeep-alive: timeout=5\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n";

describe("forward() over HTTP/2", () => {
  let origin: RawOrigin;
  let server: http2.Http2Server;
  let session: http2.ClientHttp2Session;
  const sessions = new Set<http2.ServerHttp2Session>();
  const pool = createPool();

  before(async () => {
    origin = await startRawOrigin();
    const app = new Hono<UpstreamEnv>();
    app.use(upstream(pool));
    app.all("*", (c) => forward(c, origin.url, { via: "gw", trailers: ["x-sum"] }));
    server = http2.createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }) as Listener);
    server.on("session", (each) => sessions.add(each));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });

  after(async () => {
    // Not `close()`, which waits for a stream that has failed.
    for (const each of sessions) each.destroy();
    session.destroy();
    server.close();
    await pool.close({ timeout: 0 });
    await origin.close();
  });

  /** Sends a request. Resolves with all parts of its answer. */
  function ask(headers: http2.OutgoingHttpHeaders, body?: string, trailers?: http2.OutgoingHttpHeaders) {
    return new Promise<{ hints: unknown[]; status: unknown; body: string; trailers: object }>(
      (resolve, reject) => {
        const got = { hints: [] as unknown[], status: undefined as unknown, body: "", trailers: {} };
        const stream = session.request(headers, {
          endStream: body === undefined,
          waitForTrailers: trailers !== undefined,
        });
        stream.setEncoding("utf8");
        stream.on("headers", (fields) => got.hints.push([fields[":status"], fields.link, fields["x-hop"]]));
        stream.on("response", (fields) => {
          got.status = fields[":status"];
        });
        stream.on("trailers", (fields) => {
          got.trailers = Object.fromEntries(Object.entries(fields));
        });
        stream.on("data", (text: string) => {
          got.body += text;
        });
        stream.on("wantTrailers", () => stream.sendTrailers(trailers ?? {}));
        stream.on("close", () => resolve(got));
        stream.on("error", reject);
        stream.setTimeout(PATIENCE_MS / 6, () => reject(new Error("no answer")));
        if (body !== undefined) stream.end(body);
      },
    );
  }

  it("passes hints, a body and its trailers to the client", PATIENT, async () => {
    origin.answer = () => WITH_ALL;
    const { hints, status, body, trailers } = await ask({ ":path": "/p", te: "trailers" });
    assertEquals([status, body], [200, "ok"]);
    assertEquals(hints, [[103, "</a.css>; rel=preload", undefined]]);
    assertEquals(trailers, { "x-sum": "7" });
    const [{ line, fields } = { line: "", fields: [] }] = origin.heads;
    assertEquals(line, "GET /p HTTP/1.1");
    assertEquals(fieldOf({ line, fields }, "via"), "2.0 gw");
    assertEquals(
      fields.filter(([name]) => name.startsWith(":")),
      [],
    );
  });

  it("sends a body without a length in chunks, and the named trailers behind it", PATIENT, async () => {
    origin.answer = () => "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    origin.received = "";
    const headers = { ":path": "/up", ":method": "POST" };
    assertEquals((await ask(headers, "hi", { "x-sum": "7", "x-other": "8" })).body, "ok");
    assertEquals(
      origin.received.slice(origin.received.indexOf("transfer-encoding")),
      "transfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 7\r\n\r\n",
    );
  });
});
