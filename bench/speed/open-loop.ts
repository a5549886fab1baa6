/** Open loop: requests that come when they come, whether or not earlier ones were answered, and how long each waits. */

import type { Send } from "./clients/sender.ts";
import type { Launch } from "./launch.ts";

/** Requests without an answer from which a client does not keep up, and would only fill its memory. */
const MOST_WAITING = 20_000;

/** What came of it. */
export interface OpenRun {
  readonly requests: number;
  readonly elapsedMs: number;
  readonly micros: Float64Array;
}

/** The same gaps for every client, exponentially distributed, as those of many users who know nothing of each other. */
function gaps(perSecond: number): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (-Math.log((state + 1) / (2 ** 32 + 1)) / perSecond) * 1000;
  };
}

/**
 * Sends for so many ms. A latency begins when the request was due, so that a client that is late does not hide it. The loop
 * turns without rest between them: a timer of 1 ms would be longer than what is measured. Deno then asks the kernel after each 61
 * turns, some 60 µs, for every client alike.
 */
export async function openLoop(
  send: Send,
  { expected, arrivals }: Pick<Launch, "expected"> & { readonly arrivals: number },
  ms: number,
  now: () => number = () => performance.now(),
): Promise<OpenRun> {
  const gap = gaps(arrivals);
  const micros = new Float64Array(Math.ceil((arrivals * ms) / 1000) * 2 + 100);
  const startedAt = now();
  let [due, sent, answered] = [startedAt + gap(), 0, 0];
  let failure: unknown;
  const one = async (dueAt: number): Promise<void> => {
    const size = await send();
    if (size !== expected) throw new Error(`${size} bytes came instead of ${expected}`);
    micros[answered++] = (now() - dueAt) * 1000;
  };
  const failed = (error: unknown): void => {
    failure ??= error;
  };
  const until = startedAt + ms;
  while ((due < until || answered < sent) && failure === undefined) {
    for (const at = now(); due <= at && due < until; due += gap()) {
      sent += 1;
      one(due).catch(failed);
    }
    if (sent - answered > MOST_WAITING)
      throw new Error(`does not keep up: ${MOST_WAITING.toLocaleString("en")} requests waited`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (failure !== undefined) throw failure;
  const elapsedMs = now() - startedAt;
  return { requests: sent, elapsedMs, micros: micros.subarray(0, Math.min(sent, micros.length)).sort() };
}
