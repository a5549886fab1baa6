/**
 * Run by process-ref.test.ts: a program that waits for responses over HTTP/2, or for nothing, and must end by itself.
 *
 *     process-ref-child.ts <case> <port of the server>
 */

import { createPool } from "../../mod.ts";

const [name = "", port = ""] = process.argv.slice(2);
const pool = createPool({ http2: "prior-knowledge" });
const read = async (path: string): Promise<string> =>
  (await pool.request(`http://127.0.0.1:${port}/${path}`)).text();

/** Stays reachable: a response that is collected as garbage ends its request. */
const kept: unknown[] = [];

const CASES: Readonly<Record<string, () => Promise<unknown>>> = {
  "an idle connection": () => read("fast"),
  "a head": () => read("slow"),
  "a body": () => read("slow-body"),
  "one of two requests": async () => {
    await read("fast");
    const [first, second] = await Promise.all([read("fast"), read("slow")]);
    return `${first} ${second}`;
  },
  "a body that nobody reads": async () => {
    const response = await pool.request(`http://127.0.0.1:${port}/endless`);
    kept.push(response);
    return response.status;
  },
};

console.log(await CASES[name]?.());
