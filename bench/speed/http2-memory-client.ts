/**
 * HTTP/2 memory client: opens many streams whose answers trickle, and measures their memory; or many connections with one each,
 * which it cancels when all are open, so that none is used twice, and measures those. Prints one JSON line. Arguments: the kind, the URL, the number, and the root certificate.
 */

import { readFileSync } from "node:fs";
import * as http2 from "node:http2";
import process from "node:process";
import { createPool, type Pool } from "../../mod.ts";
import { settledRss } from "./settled-rss.ts";

const [kind = "", url = "", wanted = "1000", caFile = ""] = process.argv.slice(2);
const count = Number(wanted);
const ca = readFileSync(caFile, "utf8");
/** Fewer than nginx allows on a connection. */
const STREAMS_EACH = 100;
/** What must not be garbage while it is measured. */
const kept: unknown[] = [];

/** An answer whose head has come, and the rest of which can be refused. */
interface Answer {
  cancel(): void;
}

const MAKERS: Readonly<Record<string, () => Promise<Answer>>> = {
  "holdfast connection": holdfastConnections(),
  "holdfast stream": holdfastStreams(),
  "node:http2 connection": () => nodeStream(nodeSession()),
  "node:http2 stream": nodeStreams(),
};

/** One request at a time on each connection makes as many connections as requests. */
function holdfastConnections(): () => Promise<Answer> {
  const limits = { maxConnections: count, maxConnectionsPerOrigin: count, maxStreams: 1 };
  const pool = createPool({ tls: { ca }, http2: "alpn", ...limits });
  return () => holdfastStream(pool);
}

function holdfastStreams(): () => Promise<Answer> {
  const pool = createPool({ tls: { ca }, http2: "alpn", maxStreams: STREAMS_EACH });
  return () => holdfastStream(pool);
}

async function holdfastStream(pool: Pool): Promise<Answer> {
  const response = await pool.request(url);
  return { cancel: () => response.discard() };
}

function nodeSession(): http2.ClientHttp2Session {
  const session = http2.connect(new URL(url).origin, { ca });
  kept.push(session);
  return session;
}

/** Resolves with the head of the answer. */
function nodeStream(session: http2.ClientHttp2Session): Promise<Answer> {
  const stream = session.request({ ":path": new URL(url).pathname });
  const cancel = (): void => stream.close(http2.constants.NGHTTP2_CANCEL);
  return new Promise((resolve, reject) =>
    stream.once("response", () => resolve({ cancel })).once("error", reject),
  );
}

function nodeStreams(): () => Promise<Answer> {
  let [session, used] = [undefined as http2.ClientHttp2Session | undefined, 0];
  return () => {
    if (session === undefined || used % STREAMS_EACH === 0) session = nodeSession();
    used += 1;
    return nodeStream(session);
  };
}

const make = MAKERS[kind];
if (make === undefined) throw new Error(`Unknown kind "${kind}"`);
const first = await make();
const before = await settledRss();
const answers = [first, ...(await Promise.all(Array.from({ length: count - 1 }, make)))];
if (kind.endsWith(" connection")) for (const answer of answers.splice(0)) answer.cancel();
kept.push(...answers);
console.log(JSON.stringify({ bytes: (await settledRss()) - before, kept: kept.length }));
// Keeps the process alive until the origin has been asked how many connections are open.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
