/**
 * A separate program, run by scenarios about how a process ends. It uses a pool without closing it, prints the trace, and must
 * then end by itself, immediately but not before its work is done.
 *
 *     child.ts <task> <url>
 */

import { existsSync, writeFileSync } from "node:fs";
import { createPool } from "../../mod.ts";
import { marks } from "./harness/marks.ts";
import { TIMELESS } from "./harness/perform.ts";
import { Recorder } from "./harness/trace.ts";

/** The program fails instead of hanging for longer. */
const PATIENCE_MS = 30_000;

/** So many small requests are written at once on every runtime, when they begin together. Those behind them wait for each other. */
const WRITTEN_AT_ONCE = 4;

const [task = "", url = ""] = process.argv.slice(2);
const recorder = new Recorder(false);
const pool = createPool({ ...TIMELESS, onEvent: recorder.listener });

/** Tells the server that the event loop is blocked, and blocks it until the server has closed. */
function blockUntilClosed(): void {
  const { blocked, closed, forget } = marks(Number(new URL(url).port));
  writeFileSync(blocked, "");
  for (const until = Date.now() + PATIENCE_MS; !existsSync(closed) && Date.now() < until; );
  forget();
}

const TASKS: Readonly<Record<string, () => Promise<void>>> = {
  async idle() {
    await (await pool.request(url)).text();
  },
  async preconnected() {
    await pool.preconnect(url, 2);
  },
  async reused() {
    await (await pool.request(url)).text();
    // Long enough for the runtime to notice that the socket is unref'd.
    await new Promise((resolve) => setTimeout(resolve, 50));
    const answer = await pool.request(url);
    recorder.note(await answer.text());
  },
  async discarded() {
    (await pool.request(url)).discard();
  },
  async blocked() {
    await (await pool.request(url)).text();
    blockUntilClosed();
    const answer = await pool.request(url, { method: "POST", body: "x" });
    recorder.note(await answer.text());
  },
  async held() {
    const pair = createPool({ ...TIMELESS, reuseOrder: "fifo", onEvent: recorder.listener });
    await pair.preconnect(url, 2);
    const others = Array.from({ length: WRITTEN_AT_ONCE }, () => createPool(TIMELESS));
    const ask = () => Promise.all(others.map(async (other) => (await other.request(url)).text()));
    const get = async (path: string) => (await pair.request(new URL(path, url))).text();
    // Time stands still but for what is said here, so that all begin together, however busy the machine is.
    let now = performance.now();
    performance.now = () => now;
    await get("/1");
    await get("/2");
    now += 20;
    // On the first connection. It has the pool look at the second one, too, which the POST then takes at once.
    await get("/3");
    await ask();
    await ask();
    const asked = ask();
    const answer = pair.request(url, { method: "POST" });
    now += 2;
    blockUntilClosed();
    recorder.note(await (await answer).text());
    await asked;
  },
};

await TASKS[task]?.();
for (const line of recorder.lines) console.log(line.replace(/^> /, ""));
console.log("done");
