/** Drive: sends the bursts of one origin with their pauses, and reports every outcome. */

import type { Burst, PlannedRequest } from "./schedule.ts";
import type { Outcome } from "./send.ts";

export interface Drive {
  readonly bursts: readonly Burst[];
  send(request: PlannedRequest): Promise<Outcome | undefined>;
  tell(outcome: Outcome): void;
  readonly stop: AbortSignal;
}

/** Resolves when everything is sent and answered, or soon after `stop`. */
export async function drive({ bursts, send, tell, stop }: Drive): Promise<void> {
  for (const { pause, width, requests } of bursts) {
    await sleep(pause.ms, stop);
    if (stop.aborted) return;
    // From here to the first request, no event is handled.
    if (pause.blockMs !== undefined) block(pause.blockMs);
    const queue = requests.values();
    const lane = async (): Promise<void> => {
      for (const request of queue) {
        if (stop.aborted) return;
        const outcome = await send(request);
        if (outcome !== undefined) tell(outcome);
      }
    };
    await Promise.all(Array.from({ length: Math.min(width, requests.length) }, lane));
  }
}

/** Waits. Resolves early when stopped. */
export function sleep(ms: number, stop: AbortSignal): Promise<void> {
  if (stop.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      stop.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, Math.max(0, ms));
    stop.addEventListener("abort", end);
  });
}

/** Keeps the CPU busy for a while, as a working program does. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
