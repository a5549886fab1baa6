/** Garbage: makes the runtime collect unreachable objects, and waits for a consequence of that. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How many collections to try. */
const MOST = 50;

/** A function that forces a collection. V8 provides it only after a flag was set; JavaScriptCore always has it. */
function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Collects garbage until `happened`, with a turn of the event loop after each collection for finalizers. */
export async function collectUntil(happened: () => boolean, most = MOST): Promise<boolean> {
  const collect = collector();
  for (let count = 0; count < most && !happened(); count++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return happened();
}
