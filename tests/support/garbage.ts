/** Garbage: makes the runtime collect what nobody holds any more, and waits until that has been noticed. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collections after which what is waited for must have happened. */
const MOST = 50;

/** Collects by force. V8 lends the function after it has started, JavaScriptCore has it always. */
function collector(): () => void {
  const { Bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (Bun !== undefined) return () => Bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Collects garbage until `happened`, with a turn of the event loop for finalizers after each collection. */
export async function collectUntil(happened: () => boolean, most = MOST): Promise<boolean> {
  const collect = collector();
  for (let count = 0; count < most && !happened(); count++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return happened();
}
