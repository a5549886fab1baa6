/**
 * Learned: the idle limit that a server keeps to itself, concluded from the idle ages at which it closed on us and
 * those at which reuse worked. Pure: a memory and an observation in, a memory out; a memory and a time in, a limit
 * out.
 *
 * 1. The limit lies a margin below the smallest idle age at which the server closed.
 * 2. Connections that close at one moment but at different ages did not reach an idle limit: the server restarted
 *    or shed load. Nothing is learned of that. At the same age, they count as one.
 *    Nor of a close right behind a response: no limit is that short.
 * 3. A close is doubted until a second one at the same age confirms it, if reuse worked of late at a greater age, or
 *    if it came sooner than servers' limits do.
 * 4. A reuse that works at a clearly greater age refutes a close, believed or not. A server that closes after so many
 *    requests, or at random, is found out by that; so is a limit that has been raised.
 * 5. When closes stop for a while, the limit rises, and not by little: just below the real limit requests and closes
 *    cross, far above it a parked connection is closed long before anyone wants it, which does no harm, and tells.
 *    The longer a limit has stood, the longer the while.
 * 6. What is not seen again after that is forgotten.
 */

/** An idle connection that the server closed. */
export interface SeenClose {
  /** How long it had been idle: the limit is no longer than that. */
  readonly idleMs: number;
  readonly at: number;
  /**
   * Seen as it happened, on a connection that nobody used. One that a request ran into had happened at some unknown
   * time before: it bounds the limit, but proves nothing below it.
   */
  readonly watched: boolean;
  /** Not confirmed yet; see rule 3. */
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

/** Closes remembered: enough to see a timer's jitter. */
const REMEMBERED = 8;
const REMEMBERED_MS = 86_400_000;

/** Closes this near to each other happened at one moment. */
const BURST_MS = 50;

/** Ages that differ by less are taken for the same: servers' timers are coarse. */
const SAME_AGE = 0.2;

/** Servers set their limits in seconds, less what a timer may be off. A close that comes sooner may be anything. */
const SHORTEST_LIMIT_MS = 900;

/** A close that comes this soon belongs to the response before it: a server that ends the connection unannounced. */
const BEHIND_RESPONSE_MS = 20;

/** The margin below the smallest close, as a share. A timer's own jitter is a few per cent. */
const MARGIN = 0.05;

/** Shortest margin beyond two round trips. */
const MARGIN_MS = 10;

/** A margin never takes more: a limit of nothing would end all reuse, and with it all learning. */
const LARGEST_MARGIN = 0.5;

/** Closes at the same age, each at a moment of its own, that make a limit certain. */
const CERTAIN = 3;

/** The limit rises after a rest without a close: ten times the limit, and no less than this. */
const REST_LIMITS = 10;
const REST_MS = 10_000;
/** A certain one, unless it is shorter than servers' limits are, has earned more: half the time for which it has been seen, within these bounds. */
const CERTAIN_REST_MS = 300_000;
const LONGEST_REST_MS = 21_600_000;

/** What the limit is multiplied with after each rest; after the last one it is forgotten. */
const STEPS: readonly number[] = [1, 1.5, 3];

/** How long a reuse that worked speaks against a close. */
export const WORKED_FRESH_MS = 600_000;

/** The server closed a connection that had been idle for `idleMs`, or was found to have done so. */
export function sawClose(memory: LimitMemory, idleMs: number, watched: boolean, now: number): LimitMemory {
  if (idleMs < BEHIND_RESPONSE_MS) return memory;
  if (now <= memory.burstUntil) return { ...memory, burstUntil: now + BURST_MS };
  const closes = memory.closes.filter((seen) => now - seen.at <= REMEMBERED_MS);
  const last = closes.at(-1);
  if (last !== undefined && now - last.at <= BURST_MS) {
    if (!isSameAge(last.idleMs, idleMs))
      return { ...memory, closes: closes.slice(0, -1), burstUntil: now + BURST_MS };
    const both = {
      ...last,
      idleMs: Math.min(last.idleMs, idleMs),
      watched: last.watched && watched,
      at: now,
    };
    return { ...memory, closes: [...closes.slice(0, -1), both] };
  }
  const confirmed = closes.some((seen) => isSameAge(seen.idleMs, idleMs));
  const doubted = !confirmed && (idleMs < workedIdleMs(memory, now) || idleMs < SHORTEST_LIMIT_MS);
  const known = confirmed
    ? closes.map((seen) => (isSameAge(seen.idleMs, idleMs) ? { ...seen, doubted: false } : seen))
    : closes;
  // What worked before a confirmed close speaks no longer against it.
  const workedMs = confirmed ? Math.min(memory.workedMs, idleMs) : memory.workedMs;
  return { ...memory, closes: [...remembered(known), { idleMs, at: now, watched, doubted }], workedMs };
}

/** Makes room for one more. The smallest stays: it says most about the limit. */
function remembered(closes: readonly SeenClose[]): readonly SeenClose[] {
  if (closes.length < REMEMBERED) return closes;
  const smallest = smallestIdleMs(closes);
  const leaves = closes.findIndex(({ idleMs }) => idleMs > smallest);
  return closes.filter((_, index) => index !== Math.max(0, leaves));
}

/** A connection that had been idle for `idleMs` was used again, and an answer came. */
export function sawReuse(memory: LimitMemory, idleMs: number, now: number): LimitMemory {
  const closes = memory.closes.filter((seen) => seen.idleMs >= idleMs * (1 - SAME_AGE));
  const refutes = closes.length < memory.closes.length;
  const longest = idleMs >= workedIdleMs(memory, now);
  if (!refutes && !longest) return memory;
  const worked = longest ? { workedMs: idleMs, workedAt: now } : {};
  return { ...memory, ...worked, closes: refutes ? closes : memory.closes };
}

/** Longest idle age at which reuse worked of late; 0 for none. */
function workedIdleMs(memory: LimitMemory, now: number): number {
  return now - memory.workedAt <= WORKED_FRESH_MS ? memory.workedMs : 0;
}

/** A limit, and when to ask again though nothing was seen. */
export interface LearnedLimit {
  /** `Infinity`: nothing is known. */
  readonly idleMs: number;
  /** Idle age up to which a request that must not be sent twice is safe: a limit that is being tried is no proof. */
  readonly provenMs: number;
  readonly reviewAt: number;
}

/** What the memory says at `now`. */
export function learnedLimit(memory: LimitMemory, roundTripMs: number, now: number): LearnedLimit {
  const below = (idleMs: number) => idleMs - marginMs(idleMs, roundTripMs);
  const nearestMs = below(smallestIdleMs(memory.closes));
  const workedMs = workedIdleMs(memory, now);
  const believed = memory.closes.filter((seen) => !seen.doubted);
  const smallest = smallestIdleMs(believed);
  const restMs = Math.max(REST_LIMITS * smallest, certaintyMs(believed, smallest));
  const lastAt = believed.at(-1)?.at ?? -Infinity;
  const rests = Math.max(0, Math.floor((now - lastAt) / restMs));
  const step = STEPS[rests];
  const workedSafelyMs = Math.min(workedMs, nearestMs);
  if (believed.length === 0 || step === undefined)
    return { idleMs: Infinity, provenMs: workedSafelyMs, reviewAt: Infinity };
  const watched = believed.every((seen) => seen.watched);
  return {
    idleMs: below(smallest) * step,
    provenMs: watched ? nearestMs : workedSafelyMs,
    reviewAt: lastAt + (rests + 1) * restMs,
  };
}

/** How long the limit may go unseen before it is tried. */
function certaintyMs(believed: readonly SeenClose[], limitMs: number): number {
  const witnesses = believed.filter((seen) => isSameAge(seen.idleMs, limitMs));
  const [first, last] = [witnesses[0], witnesses.at(-1)];
  if (first === undefined || last === undefined || witnesses.length < CERTAIN) return REST_MS;
  if (limitMs < SHORTEST_LIMIT_MS) return REST_MS;
  return Math.min(Math.max((last.at - first.at) / 2, CERTAIN_REST_MS), LONGEST_REST_MS);
}

function smallestIdleMs(closes: readonly SeenClose[]): number {
  return closes.reduce((smallest, { idleMs }) => Math.min(smallest, idleMs), Infinity);
}

function marginMs(idleMs: number, roundTripMs: number): number {
  if (idleMs === Infinity) return 0;
  return Math.min(Math.max(MARGIN * idleMs, 2 * roundTripMs + MARGIN_MS), LARGEST_MARGIN * idleMs);
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
