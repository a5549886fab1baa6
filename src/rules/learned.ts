/**
 * Learned: the idle limit that a server keeps to itself, concluded from the idle ages at which it closed on us and
 * those at which reuse worked. Pure: a memory and an observation in, a memory out; a memory and a time in, a limit
 * out.
 *
 * 1. The limit lies a margin below the smallest idle age at which the server closed of late.
 * 2. Connections that close at one moment but at different ages did not reach an idle limit: the server restarted
 *    or shed load. Nothing is learned of that.
 * 3. A close at an age at which reuse worked of late is doubted until a second one confirms it.
 * 4. When closes stop, the limit rises again, slowly; a parked connection that is closed does no harm, and tells.
 * 5. What was not seen again for long is forgotten.
 */

/** An idle connection that the server closed. */
export interface SeenClose {
  /** How long it had been idle: the limit is no longer than that. */
  readonly idleMs: number;
  readonly at: number;
  /** Contradicted by a reuse that worked, and not confirmed yet. */
  readonly doubted: boolean;
}

/** What is remembered of one origin. Times are of one clock; a store keeps them as wall-clock times. */
export interface LimitMemory {
  /** The last few, the oldest first. */
  readonly closes: readonly SeenClose[];
  /** Longest idle age at which reuse worked of late; 0 for none. */
  readonly workedMs: number;
  readonly workedAt: number;
  /** Closes up to this time belong to a burst, and tell nothing. */
  readonly burstUntil: number;
}

/** A memory of nothing. */
export const NOTHING_LEARNED: LimitMemory = { closes: [], workedMs: 0, workedAt: 0, burstUntil: 0 };

/** Closes remembered: enough to see jitter, few enough to forget a limit that has changed. */
const REMEMBERED = 8;

/** Closes this near to each other happened at one moment. */
const BURST_MS = 50;

/** Ages that differ by less are taken for the same: servers' timers are coarse. */
const SAME_AGE = 0.2;

/** The margin below the smallest close, as a share. A timer's own jitter is a few per cent. */
const MARGIN = 0.05;

/** Shortest margin beyond two round trips. */
const MARGIN_MS = 10;

/** After this long without a close, and at least ten times the limit, the limit rises by one step. */
const REST_MS = 300_000;
const REST_LIMITS = 10;
const STEP = 1.05;

/** After this many steps, some 1.6 h at the least, the limit is forgotten. */
const STEPS = 20;

/** How long a reuse that worked speaks against a close. */
export const WORKED_FRESH_MS = 600_000;

/** The server closed a connection that had been idle for `idleMs`, or was found to have done so. */
export function sawClose(memory: LimitMemory, idleMs: number, now: number): LimitMemory {
  if (now <= memory.burstUntil) return { ...memory, burstUntil: now + BURST_MS };
  const last = memory.closes.at(-1);
  if (last !== undefined && now - last.at <= BURST_MS && !isSameAge(last.idleMs, idleMs)) {
    return { ...memory, closes: memory.closes.slice(0, -1), burstUntil: now + BURST_MS };
  }
  const contradicted = idleMs < workedIdleMs(memory, now);
  const confirmed =
    contradicted && memory.closes.some((seen) => seen.doubted && isSameAge(seen.idleMs, idleMs));
  const closes = [...memory.closes, { idleMs, at: now, doubted: contradicted }].slice(-REMEMBERED);
  if (!confirmed) return { ...memory, closes };
  const believed = closes.map((seen) =>
    isSameAge(seen.idleMs, idleMs) ? { ...seen, doubted: false } : seen,
  );
  return { ...memory, closes: believed, workedMs: 0 };
}

/** A connection that had been idle for `idleMs` was used again, and an answer came. */
export function sawReuse(memory: LimitMemory, idleMs: number, now: number): LimitMemory {
  if (idleMs < workedIdleMs(memory, now)) return memory;
  return { ...memory, workedMs: idleMs, workedAt: now };
}

/** Longest idle age at which reuse worked of late; 0 for none. */
export function workedIdleMs(memory: LimitMemory, now: number): number {
  return now - memory.workedAt <= WORKED_FRESH_MS ? memory.workedMs : 0;
}

/** A limit, and when to ask again though nothing was seen. */
export interface LearnedLimit {
  /** `Infinity`: nothing is known. */
  readonly idleMs: number;
  readonly reviewAt: number;
}

/** What the memory says at `now`. */
export function learnedLimit(memory: LimitMemory, roundTripMs: number, now: number): LearnedLimit {
  const believed = memory.closes.filter((seen) => !seen.doubted);
  const last = believed.at(-1);
  if (last === undefined) return { idleMs: Infinity, reviewAt: Infinity };
  const smallest = Math.min(...believed.map((seen) => seen.idleMs));
  const margin = Math.max(MARGIN * smallest, 2 * roundTripMs + MARGIN_MS);
  const restMs = Math.max(REST_MS, REST_LIMITS * smallest);
  const steps = Math.max(0, Math.floor((now - last.at) / restMs));
  if (steps >= STEPS) return { idleMs: Infinity, reviewAt: Infinity };
  return { idleMs: Math.max(0, smallest - margin) * STEP ** steps, reviewAt: last.at + (steps + 1) * restMs };
}

function isSameAge(one: number, other: number): boolean {
  return Math.abs(one - other) <= SAME_AGE * Math.max(one, other);
}

/** The memory with its times moved by `offset`: from one clock to another. */
export function shiftMemory(memory: LimitMemory, offset: number): LimitMemory {
  return {
    closes: memory.closes.map((seen) => ({ ...seen, at: seen.at + offset })),
    workedMs: memory.workedMs,
    workedAt: memory.workedAt + offset,
    burstUntil: memory.burstUntil + offset,
  };
}
