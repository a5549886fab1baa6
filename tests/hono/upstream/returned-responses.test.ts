/**
 * Responses of the pool that a handler returns, checked on the wire: the upstream's fields, exactly one framing, and
 * the decoded body. Tested under every server of this runtime. @hono/node-server runs as users run it: its own
 * `Response` replaces the global one.
 */

import { after, before, describe, it } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { assertEquals } from "@std/assert";
import { type Context, Hono } from "hono";
import { createPool, type Pool } from "../../../mod.ts";
import { type UpstreamEnv, upstream } from "../../../src/hono/mod.ts";
import { type Listening, serveNodeOverriding } from "../../support/serve.ts";
import { RawClient } from "../support/raw-client.ts";
import { type RawOrigin, startRawOrigin } from "../support/raw-origin.ts";
import { SERVERS } from "../support/servers.ts";

/** Bun's default limit for a test is 5 s. */
const PATIENCE = { timeout: 60_000 };

const JSON_BODY = '{"a":"b"}';
const LONG = "0123456789".repeat(2000);
const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
const gzipped = (text: string): string => latin1(gzipSync(text));

function chunked(body: string): string {
  const half = Math.ceil(body.length / 2);
  const chunk = (piece: string) => (piece === "" ? "" : `${piece.length.toString(16)}\r\n${piece}\r\n`);
  return `${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n`;
}

/** Fields that differ by server or belong to its own connection. */
const ITS_OWN = new Set(["date", "connection", "keep-alive", "vary"]);

/** One response of the upstream. */
interface Case {
  /** The upstream's fields, and its body as sent on the wire. */
  readonly head: string;
  readonly wire: string;
  readonly status?: number;
  readonly method?: string;
  /** The fields that the client gets, without framing fields. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

const TYPE = "content-type: application/json\r\nx-a: 1\r\n";
const FIELDS = { "content-type": "application/json", "x-a": "1" };

function withLength(body: string, more = ""): Pick<Case, "head" | "wire"> {
  return { head: `${TYPE}${more}content-length: ${body.length}\r\n`, wire: body };
}

function inChunks(body: string, more = ""): Pick<Case, "head" | "wire"> {
  return { head: `${TYPE}${more}transfer-encoding: chunked\r\n`, wire: chunked(body) };
}

const GZIP = "content-encoding: gzip\r\n";
const COOKIES = "set-cookie: a=1; path=/\r\nset-cookie: b=2, c\r\n";
/** Content-Length beside Transfer-Encoding, in either order, any letter case and several times. */
const BOTH = [
  "content-length: 60\r\ntransfer-encoding: chunked\r\n",
  "Transfer-Encoding: chunked\r\nCONTENT-LENGTH: 3\r\n",
  "Content-Length: 60\r\nTRANSFER-ENCODING: Chunked\r\ncontent-length: 60\r\n",
];

const CASES: Readonly<Record<string, Case>> = {
  "a length": { ...withLength(JSON_BODY), fields: FIELDS, body: JSON_BODY },
  chunks: { ...inChunks(JSON_BODY), fields: FIELDS, body: JSON_BODY },
  "a long body": { ...withLength(LONG), fields: FIELDS, body: LONG },
  "long chunks": { ...inChunks(LONG), fields: FIELDS, body: LONG },
  gzip: { ...withLength(gzipped(JSON_BODY), GZIP), fields: FIELDS, body: JSON_BODY },
  "gzip in chunks": { ...inChunks(gzipped(JSON_BODY), GZIP), fields: FIELDS, body: JSON_BODY },
  "long gzip in chunks": { ...inChunks(gzipped(LONG), GZIP), fields: FIELDS, body: LONG },
  br: {
    ...withLength(latin1(brotliCompressSync(JSON_BODY)), "content-encoding: br\r\n"),
    fields: FIELDS,
    body: JSON_BODY,
  },
  "an empty body": { ...withLength(""), fields: FIELDS, body: "" },
  "empty chunks": { ...inChunks(""), fields: FIELDS, body: "" },
  "empty gzip": { ...withLength("", GZIP), fields: FIELDS, body: "" },
  "HEAD, a length": { ...withLength(JSON_BODY), wire: "", method: "HEAD", fields: FIELDS, body: "" },
  "HEAD, chunks": { ...inChunks(JSON_BODY), wire: "", method: "HEAD", fields: FIELDS, body: "" },
  "HEAD, gzip": {
    ...withLength(JSON_BODY, GZIP),
    wire: "",
    method: "HEAD",
    fields: { ...FIELDS, "content-encoding": "gzip" },
    body: "",
  },
  "204": { head: "x-a: 1\r\n", wire: "", status: 204, fields: { "x-a": "1" }, body: "" },
  "304": {
    head: 'x-a: 1\r\netag: "e"\r\n',
    wire: "",
    status: 304,
    fields: { "x-a": "1", etag: '"e"' },
    body: "",
  },
  cookies: {
    ...withLength(JSON_BODY, COOKIES),
    fields: { ...FIELDS, "set-cookie": "a=1; path=/, b=2, c" },
    body: JSON_BODY,
  },
  ...Object.fromEntries(
    BOTH.map((both) => [
      JSON.stringify(both),
      { head: TYPE + both, wire: chunked(JSON_BODY), fields: FIELDS, body: JSON_BODY },
    ]),
  ),
};

/** Ways in which a handler returns a response, and changes it. */
const WAYS: Readonly<
  Record<string, (c: Context<UpstreamEnv>, pool: Pool, url: string) => Promise<Response>>
> = {
  "pool.fetch": (c, pool, url) => pool.fetch(url, { method: c.req.method }),
  "upstream.fetch": (c, _pool, url) => c.var.upstream.fetch(url, { method: c.req.method }),
  "upstream.fetch and a field": async (c, _pool, url) => {
    const response = await c.var.upstream.fetch(url, { method: c.req.method });
    response.headers.append("x-b", "2");
    return response;
  },
};

const servers = [
  { name: "@hono/node-server", serve: (app: Hono<UpstreamEnv>) => serveNodeOverriding(app.fetch) },
  ...SERVERS.slice(1),
];

for (const { name: server, serve } of servers) {
  describe(`a response returned through ${server}`, () => {
    let origin: RawOrigin;
    let pool: Pool;
    let listening: Listening;

    before(async () => {
      origin = await startRawOrigin();
      origin.answer = (target) => {
        const { status = 200, head, wire } = CASES[decodeURIComponent(target.slice(1))] as Case;
        return `HTTP/1.1 ${status} Fine\r\n${head}\r\n${wire}`;
      };
      pool = createPool();
      const app = new Hono<UpstreamEnv>();
      app.use(upstream(pool));
      app.use("/later/*", async (c, next) => {
        await next();
        c.header("x-c", "3");
      });
      for (const path of ["/:way/:name", "/later/:way/:name"]) {
        app.on(["GET", "HEAD"], path, async (c) => {
          const way = WAYS[c.req.param("way") ?? ""];
          const url = `${origin.url}/${encodeURIComponent(c.req.param("name") ?? "")}`;
          return (await way?.(c, pool, url)) ?? c.text("no way", 404);
        });
      }
      listening = await serve(app);
    });

    after(async () => {
      await listening.close();
      await pool.close({ timeout: 0 });
      await origin.close();
    });

    for (const way of Object.keys(WAYS)) {
      for (const prefix of ["", "/later"]) {
        it(`has the upstream's fields and body: ${way}${prefix}`, PATIENCE, async () => {
          const wrong: unknown[] = [];
          for (const [name, expected] of Object.entries(CASES)) {
            const path = `${prefix}/${encodeURIComponent(way)}/${encodeURIComponent(name)}`;
            const got = await send(listening.port, path, expected);
            const added = {
              ...(way.includes("field") ? { "x-b": "2" } : {}),
              ...(prefix ? { "x-c": "3" } : {}),
            };
            const right = { fields: { ...expected.fields, ...added }, framings: 1, body: expected.body };
            const pair = [JSON.stringify(sorted(got)), JSON.stringify(sorted(right))];
            if (pair[0] !== pair[1]) wrong.push([name, ...pair]);
          }
          assertEquals(wrong, []);
        });
      }
    }
  });
}

interface Got {
  readonly fields: Readonly<Record<string, string>>;
  readonly framings: number;
  readonly body: string;
}

function sorted({ fields, framings, body }: Got): unknown {
  return [Object.entries(fields).sort(), framings, body.length, body.slice(0, 100)];
}

async function send(port: number, path: string, { method = "GET", status = 200 }: Case): Promise<Got> {
  const raw = await RawClient.open(port);
  raw.send(`${method} ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
  await raw.heard("\r\n\r\n");
  const text = raw.unread.slice(0, raw.unread.indexOf("\r\n\r\n"));
  const lines = text.split("\r\n").slice(1);
  const names = lines.map((line) => line.slice(0, line.indexOf(":")).toLowerCase());
  const framed = names.filter((name) => name === "content-length" || name === "transfer-encoding").length;
  const bodiless = method === "HEAD" || status === 204 || status === 304;
  const { body } = bodiless ? { body: "" } : await raw.response();
  raw.abort();
  const fields: Record<string, string> = {};
  for (const [at, name] of names.entries()) {
    if (ITS_OWN.has(name) || name === "content-length" || name === "transfer-encoding") continue;
    const value = (lines[at] ?? "").slice(name.length + 1).trim();
    fields[name] = fields[name] === undefined ? value : `${fields[name]}, ${value}`;
  }
  // A response without a body may have no framing.
  return { fields, framings: bodiless && framed < 2 ? 1 : framed, body };
}
