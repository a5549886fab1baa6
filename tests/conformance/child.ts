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

const [task = "", url = ""] = process.argv.slice(2);
const recorder = new Recorder(false);
const pool = createPool({ ...TIMELESS, onEvent: recorder.listener });

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
    const { blocked, closed, forget } = marks(Number(new URL(url).port));
    writeFileSync(blocked, "");
    for (const until = performance.now() + PATIENCE_MS; !existsSync(closed) && performance.now() < until; );
    forget();
    const answer = await pool.request(url, { method: "POST", body: "x" });
    recorder.note(await answer.text());
  },
};

await TASKS[task]?.();
for (const line of recorder.lines) console.log(line.replace(/^> /, ""));
console.log("done");
