/**
 * Idle client: opens many connections with one client, leaves them idle, and measures their memory. Prints one JSON
 * line. The origin answers nobody before all have asked: else a machine that is slow to connect has answers before it has
 * connections, and sends further requests on those that are idle again.
 */

import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import process from "node:process";
import { createPool } from "../../mod.ts";
import { settledRss } from "./settled-rss.ts";

const [kind = "", origin = "", wanted = "5000", caFile] = process.argv.slice(2);
/** Of an origin with TLS. The built-in fetch learns it from the environment. */
const ca = caFile === undefined ? undefined : readFileSync(caFile, "utf8");
const count = Number(wanted);
/** A client that has sent nothing for so long opens no more connections. */
const QUIET_MS = 8000;

type Send = (url: string) => Promise<unknown>;

function sender(): Send {
  if (kind === "built-in fetch") return (url) => fetch(url).then((response) => response.text());
  if (kind === "holdfast") {
    const pool = createPool({
      ...(ca === undefined ? {} : { tls: { ca }, http2: false }),
      maxConnections: count,
      maxConnectionsPerOrigin: count,
    });
    return (url) => pool.request(url).then((response) => response.text());
  }
  const options = { keepAlive: true, maxFreeSockets: count };
  const agent = ca === undefined ? new Agent(options) : new HttpsAgent({ ...options, ca });
  const send = ca === undefined ? request : httpsRequest;
  return (url) =>
    new Promise((resolve, reject) => {
      send(url, { agent }, (response) => response.resume().on("end", resolve))
        .on("error", reject)
        .end();
    });
}

const send = sender();
await send(`${origin}/small`);
const before = await settledRss();
await Promise.all(Array.from({ length: count }, () => send(`${origin}/held/${count}/${QUIET_MS}`)));
const after = await settledRss();
console.log(JSON.stringify({ bytes: after - before }));
// Keeps the process alive until the origin has been asked how many connections are open.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
