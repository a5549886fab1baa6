/**
 * Client of the system call guard: requests one after the other, on one connection or on a new one each, between two looks for files that are
 * not there, which mark its part of the trace. Arguments: the URL, the call, the number of requests.
 */

import { existsSync } from "node:fs";
import process from "node:process";
import { createPool } from "../../../mod.ts";

const [url = "", call = "", count = ""] = process.argv.slice(2);
const pool = createPool({ http2: false });
/** By name, so that a connection is handed on by as many promises as those of a program. The lookup itself is left out. */
const once = createPool({ http2: false, maxRequests: 1, resolve: () => ["127.0.0.1"] });
const named = url.replace("127.0.0.1", "localhost");
const CALLS: Readonly<Record<string, () => Promise<{ text(): Promise<string> }>>> = {
  request: () => pool.request(url),
  fetch: () => pool.fetch(url),
  fresh: () => once.request(named),
  post: () => pool.request(url, { method: "POST", body: "a small body" }),
};
const send = CALLS[call];
if (send === undefined) throw new Error(`There is no call "${call}"`);

/** The connection, and what is done once. */
for (let warm = 0; warm < 20; warm++) await (await send()).text();
existsSync("/holdfast-begins");
for (let sent = 0; sent < Number(count); sent++) await (await send()).text();
existsSync("/holdfast-ends");
process.exit(0);
