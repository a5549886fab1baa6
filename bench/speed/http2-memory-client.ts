/**
 * HTTP/2 memory client: opens many connections that stay idle, or many streams whose answers trickle, and measures their
 * memory. Prints one JSON line. Arguments: the kind, the URL, the number, and the root certificate.
 */

import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import process from "node:process";
import { createPool } from "../../mod.ts";
import { settledRss } from "./settled-rss.ts";

const [kind = "", url = "", wanted = "1000", caFile = ""] = process.argv.slice(2);
const count = Number(wanted);
const ca = readFileSync(caFile, "utf8");
/** Fewer than nginx allows on a connection. */
const STREAMS_EACH = 100;
/** What must not be garbage while it is measured. */
const kept: unknown[] = [];

const MAKERS: Readonly<Record<string, () => Promise<unknown>>> = {
  "holdfast connection": holdfastConnections(),
  "holdfast stream": holdfastStreams(),
  "node:http2 connection": () => nodeStream(nodeSession(), true),
  "node:http2 stream": nodeStreams(),
};

/** One request at a time on each connection makes as many connections as requests. */
function holdfastConnections(): () => Promise<unknown> {
  const limits = { maxConnections: count, maxConnectionsPerOrigin: count, maxStreams: 1 };
  const pool = createPool({ tls: { ca }, http2: "alpn", ...limits });
  return async () => (await pool.request(url)).text();
}

function holdfastStreams(): () => Promise<unknown> {
  const pool = createPool({ tls: { ca }, http2: "alpn", maxStreams: STREAMS_EACH });
  return () => pool.request(url);
}

function nodeSession(): http2.ClientHttp2Session {
  const session = http2.connect(new URL(url).origin, { ca });
  kept.push(session);
  return session;
}

/** Resolves with the head of the answer, or with its end. */
function nodeStream(session: http2.ClientHttp2Session, isRead: boolean): Promise<unknown> {
  const stream = session.request({ ":path": new URL(url).pathname });
  if (isRead) stream.resume();
  return new Promise((resolve, reject) =>
    stream.once(isRead ? "end" : "response", () => resolve(stream)).once("error", reject),
  );
}

function nodeStreams(): () => Promise<unknown> {
  let [session, used] = [undefined as http2.ClientHttp2Session | undefined, 0];
  return () => {
    if (session === undefined || used % STREAMS_EACH === 0) session = nodeSession();
    used += 1;
    return nodeStream(session, false);
  };
}

const make = MAKERS[kind];
if (make === undefined) throw new Error(`Unknown kind "${kind}"`);
kept.push(await make());
const before = await settledRss();
kept.push(...(await Promise.all(Array.from({ length: count - 1 }, make))));
console.log(JSON.stringify({ bytes: (await settledRss()) - before, kept: kept.length }));
// Keeps the process alive until the origin has been asked how many connections are open.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
