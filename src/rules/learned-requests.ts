/**
 * Learned requests: after how many requests a server ends an HTTP/2 connection. Servers do not announce this number; they say
 * GOAWAY when it is reached (nginx: 1000), and a GOAWAY that comes as a surprise costs the requests that are under way a
 * second sending. Every function is pure: an observation turns one {@linkcode LimitMemory} into another.
 *
 * 1. The limit is the smallest number at which GOAWAY came at least twice. A number that was seen once may be chance.
 * 2. GOAWAYs that come at the same moment on connections that were all open before are one event. If their numbers differ,
 *    the server restarted or shed load, and they teach nothing. If their numbers are equal, they count once.
 * 3. A connection that carries as many requests without a GOAWAY is evidence against the number. The second one in a row
 *    refutes it, and the next larger number counts, if there is one.
 * 4. A number that has not been seen for a day is forgotten.
 */

import type { LimitMemory, SeenGoaway } from "../contract/limit-store.ts";

/** How many numbers are remembered per origin. Those that came once leave first. */
const REMEMBERED = 8;
const REMEMBERED_MS = 86_400_000;

/** GOAWAYs this close together count as one moment. */
const BURST_MS = 50;

/** How often a number must have been seen, by itself each time. */
const CONFIRMED = 2;

/** How many connections in a row must pass a number without a GOAWAY to refute it. */
const REFUTED = 2;

/** A connection that the server ended by GOAWAY. */
export interface EndedByGoaway {
  /** How many requests the server had taken on it. */
  readonly requests: number;
  readonly openedAt: number;
}

/** The server said GOAWAY. */
export function sawGoaway(
  memory: LimitMemory,
  { requests, openedAt }: EndedByGoaway,
  now: number,
): LimitMemory {
  if (requests < 1) return memory;
  const burstUntil = memory.goawayBurstUntil ?? -Infinity;
  if (now <= burstUntil && openedAt < burstUntil - BURST_MS)
    return { ...memory, goawayBurstUntil: now + BURST_MS };
  const goaways = (memory.goaways ?? []).filter((seen) => now - seen.at <= REMEMBERED_MS);
  const last = latest(goaways);
  const isSameMoment = last !== undefined && now - last.at <= BURST_MS && openedAt < last.at;
  if (isSameMoment && last.requests !== requests)
    return { ...memory, goaways: undone(goaways, last), goawayBurstUntil: now + BURST_MS };
  const before = goaways.find((seen) => seen.requests === requests);
  const times = (before?.times ?? 0) + (isSameMoment ? 0 : 1);
  const known = isSameMoment ? goaways : passed(goaways, requests - 1);
  const others = known.filter((seen) => seen.requests !== requests);
  return { ...memory, goaways: [...remembered(others), { requests, at: now, times, missed: 0 }] };
}

/** A connection has carried `requests` requests, and no GOAWAY came. */
export function sawNoGoaway(memory: LimitMemory, requests: number): LimitMemory {
  const { goaways } = memory;
  return goaways === undefined ? memory : { ...memory, goaways: passed(goaways, requests) };
}

/** The limit that follows from the memory at `now`; `Infinity` if none is known. */
export function learnedRequests({ goaways = [] }: LimitMemory, now: number): number {
  return goaways.reduce(
    (smallest, { requests, times, at }) =>
      times >= CONFIRMED && now - at <= REMEMBERED_MS ? Math.min(smallest, requests) : smallest,
    Infinity,
  );
}

/** Numbers up to `requests` were passed once more without a GOAWAY. */
function passed(goaways: readonly SeenGoaway[], requests: number): readonly SeenGoaway[] {
  return goaways
    .map((seen) => (seen.requests <= requests ? { ...seen, missed: seen.missed + 1 } : seen))
    .filter(({ missed }) => missed < REFUTED);
}

function latest(goaways: readonly SeenGoaway[]): SeenGoaway | undefined {
  return goaways.reduce<SeenGoaway | undefined>(
    (last, seen) => (last === undefined || seen.at >= last.at ? seen : last),
    undefined,
  );
}

/** Without what the latest observation added: it turned out to be part of a burst. */
function undone(goaways: readonly SeenGoaway[], last: SeenGoaway): readonly SeenGoaway[] {
  return goaways.flatMap((seen) => {
    if (seen !== last) return [seen];
    return seen.times > 1 ? [{ ...seen, times: seen.times - 1 }] : [];
  });
}

/** The numbers to keep when one is added. */
function remembered(goaways: readonly SeenGoaway[]): readonly SeenGoaway[] {
  if (goaways.length < REMEMBERED) return goaways;
  const oldestOf = (some: readonly SeenGoaway[]) => Math.min(...some.map(({ at }) => at));
  const once = goaways.filter(({ times }) => times < CONFIRMED);
  const leaving = oldestOf(once.length > 0 ? once : goaways);
  const at = goaways.findIndex((seen) => seen.at === leaving && (once.length === 0 || once.includes(seen)));
  return goaways.filter((_, index) => index !== at);
}
