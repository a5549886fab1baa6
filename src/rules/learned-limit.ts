/**
 * Learned limit: the idle limit that a server does not announce. Servers usually have one (RFC 9112 §9.5). It is concluded
 * from the idle ages at which the server closed connections and from the ages at which reuse worked. Every function is pure:
 * an observation turns one {@linkcode LimitMemory} into another, and a memory and a time give a limit.
 *
 * 1. The limit is a margin below the smallest idle age at which the server closed.
 * 2. Connections that close at the same moment but at different ages did not reach an idle limit: the server restarted
 *    or shed load. Such a burst teaches nothing. If their ages are equal, they count as one close. A close right behind
 *    a response teaches nothing either: no limit is that short.
 * 3. A close is doubted until a second close at the same age confirms it, in two cases: reuse recently worked at a
 *    greater age, or the close came sooner than servers' limits do.
 * 4. Reuse that works at a clearly greater age refutes a close, believed or not. This exposes servers that close after
 *    a number of requests or at random, and limits that have been raised.
 * 5. When no close is seen for a while, the limit rises in large steps. Just below the real limit, requests and closes
 *    cross on the wire. Far above it, a parked connection is closed long before anyone wants it: harmless, and it shows
 *    the limit again. The longer a limit has been seen, the longer that while.
 * 6. A limit that is not seen again after the last step is forgotten.
 * 7. A connection that died without a word counts as closed at the age at which a request found it so, if that request was
 *    answered on a fresh connection. A slow answer may look the same, so it is doubted until a second one. Any second one
 *    will do: who forgets connections after a time has forgotten older ones as well. Those that are found at the same
 *    moment were not closed at that moment: they count as one, at the smallest age. It may have died long before it was
 *    found. So the limit is half of that age, or an age at which reuse worked, if that is longer; after the third time
 *    only the latter counts. From then on each step of the limit waits for 1,000 requests as well: to try it costs a request
 *    much time, and so not more than one in 1,000 pays for it.
 */

import type { LimitMemory, SeenClose } from "../contract/limit-store.ts";

/** The memory of an origin of which nothing is known. */
export const NOTHING_LEARNED: LimitMemory = { closes: [], workedMs: 0, workedAt: 0, burstUntil: 0 };

/** Closes remembered per origin: enough to see a timer's jitter. */
const REMEMBERED = 8;
const REMEMBERED_MS = 86_400_000;

/** Closes this close together count as one moment. */
const BURST_MS = 50;

/** Ages that differ by a smaller share count as equal: servers' timers are coarse. */
const SAME_AGE = 0.2;

/** Servers set limits in whole seconds, less the error of a timer. A close that comes sooner may have any cause. */
const SHORTEST_LIMIT_MS = 900;

/** A close this soon belongs to the response before it: the server ended the connection without announcing it. */
const BEHIND_RESPONSE_MS = 20;

/** Connections found dead this close together are one find: a burst of requests finds all those that died in a pause. */
const FOUND_TOGETHER_MS = 1000;

/** No box in between forgets a connection sooner, and so no limit is shorter because of one. */
const SHORTEST_SILENCE_MS = 100;

/** The margin below the smallest close, as a share of it. A timer's own jitter is a few per cent. */
const MARGIN = 0.05;

/** Smallest margin, on top of two round trips. */
const MARGIN_MS = 10;

/** The largest share a margin may take. A limit of 0 would end all reuse, and with it all learning. */
const LARGEST_MARGIN = 0.5;

/** Closes at the same age, each at a different moment, that make a limit certain. */
const CERTAIN = 3;

/** The limit rises after a rest, a time without closes: ten times the limit, but at least {@linkcode REST_MS}. */
const REST_LIMITS = 10;
const REST_MS = 10_000;
/**
 * A certain limit rests longer: half the time for which it has been seen, within these bounds. This does not apply to
 * limits shorter than {@linkcode SHORTEST_LIMIT_MS}.
 */
const CERTAIN_REST_MS = 300_000;
const LONGEST_REST_MS = 21_600_000;

/** The factor of the limit after 0, 1 and 2 rests. After the third rest the limit is forgotten. */
const STEPS: readonly number[] = [1, 1.5, 3];

/** A limit that three silences have shown takes a step only after so many requests. */
const STEP_REQUESTS = 1000;

/** How long a reuse that worked is evidence against a close. */
export const WORKED_FRESH_MS = 600_000;

/**
 * The server closed a connection that had been idle for `idleMs`. `watched`: the close was seen as it happened, not
 * found by a request.
 */
export function sawClose(memory: LimitMemory, idleMs: number, watched: boolean, now: number): LimitMemory {
  if (idleMs < BEHIND_RESPONSE_MS) return memory;
  if (now <= memory.burstUntil) return { ...memory, burstUntil: now + BURST_MS };
  const closes = memory.closes.filter((seen) => now - seen.at <= REMEMBERED_MS);
  const last = closes.at(-1);
  if (last !== undefined && last.silent !== true && now - last.at <= BURST_MS) {
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
  // After a confirmed close, earlier reuse at a greater age no longer counts as evidence against it.
  const workedMs = confirmed ? Math.min(memory.workedMs, idleMs) : memory.workedMs;
  return { ...memory, closes: [...remembered(known), { idleMs, at: now, watched, doubted }], workedMs };
}

/**
 * A connection that had been idle for `idleMs` gave no answer to a request. `proven`: a fresh connection gave one. Without
 * that the server may have been slow: it makes an age doubtful, and confirms nothing.
 */
export function sawSilence(memory: LimitMemory, idleMs: number, proven: boolean, now: number): LimitMemory {
  if (idleMs < BEHIND_RESPONSE_MS) return memory;
  const closes = memory.closes.filter((seen) => now - seen.at <= REMEMBERED_MS);
  const silent = closes.filter((seen) => seen.silent === true);
  const together = silent.find((seen) => now - seen.at <= FOUND_TOGETHER_MS);
  const younger = (seen: SeenClose) =>
    seen === together
      ? { ...seen, idleMs: Math.min(seen.idleMs, idleMs), livedMs: livedBelow(seen.livedMs, idleMs) }
      : seen;
  if (!proven && (together !== undefined || silent.some((seen) => seen.idleMs <= idleMs)))
    return { ...memory, closes: closes.map(younger) };
  const confirms = (seen: SeenClose) =>
    seen !== together && (seen.silent === true || isSameAge(seen.idleMs, idleMs));
  const confirmed = proven && closes.some(confirms);
  const known = closes
    .map((seen) =>
      confirmed && (seen === together || confirms(seen))
        ? { ...younger(seen), doubted: false }
        : younger(seen),
    )
    .map((seen) => (seen.silent === true ? { ...seen, livedMs: livedBelow(seen.livedMs, idleMs) } : seen));
  const livedMs = livedBelow(memory.workedMs, idleMs);
  // An age that worked before counts no longer: requests at such ages must be doubted again.
  const workedMs = proven ? livedMs : memory.workedMs;
  // It may have been no proof when it was found first, by a request that must not be sent twice.
  if (together !== undefined) return { ...memory, closes: known, workedMs };
  const close: SeenClose = { idleMs, at: now, watched: false, doubted: !confirmed, silent: true, livedMs };
  return { ...memory, closes: [...remembered(known), close], workedMs };
}

/** An age at which reuse worked, unless a connection was found dead at no greater age since. */
function livedBelow(livedMs: number | undefined, idleMs: number): number {
  return livedMs !== undefined && livedMs < idleMs ? livedMs : 0;
}

/** The closes to keep when one is added. The smallest always stays, because it says most about the limit. */
function remembered(closes: readonly SeenClose[]): readonly SeenClose[] {
  if (closes.length < REMEMBERED) return closes;
  const smallest = smallestIdleMs(closes);
  const leaves = closes.findIndex(({ idleMs }) => idleMs > smallest);
  return closes.filter((_, index) => index !== Math.max(0, leaves));
}

/** A connection that had been idle for `idleMs` was reused, and a response came. */
export function sawReuse(memory: LimitMemory, idleMs: number, now: number): LimitMemory {
  const closes = memory.closes.filter((seen) => !isRefuted(seen, idleMs));
  const lives = (seen: SeenClose) =>
    seen.silent === true && idleMs < seen.idleMs && idleMs > (seen.livedMs ?? 0);
  const changes = closes.length < memory.closes.length || closes.some(lives);
  const longest = idleMs >= workedIdleMs(memory, now);
  if (!changes && !longest) return memory;
  const worked = longest ? { workedMs: idleMs, workedAt: now } : {};
  const known = changes
    ? closes.map((seen) => (lives(seen) ? { ...seen, livedMs: idleMs } : seen))
    : memory.closes;
  return { ...memory, ...worked, closes: known };
}

/** Reuse worked at the age `idleMs`. What was silent only once may have been slow: the same age is enough to refute that. */
function isRefuted(seen: SeenClose, idleMs: number): boolean {
  if (seen.silent === true && seen.doubted) return seen.idleMs <= idleMs;
  return seen.idleMs < idleMs * (1 - SAME_AGE);
}

/** The longest idle age at which reuse worked recently; 0 for none. */
function workedIdleMs(memory: LimitMemory, now: number): number {
  return now - memory.workedAt <= WORKED_FRESH_MS ? memory.workedMs : 0;
}

/** A limit, and when to compute it again even if nothing was observed. */
export interface LearnedLimit {
  /** Longest idle age, in ms. `Infinity`: nothing is known. */
  readonly idleMs: number;
  /** Idle age up to which a request that must not be sent twice is safe. A raised limit is on trial and proves nothing. */
  readonly provenMs: number;
  /** Idle age at which reuse recently worked, whatever was seen of the server: who is in between may forget sooner. */
  readonly aliveMs: number;
  /** A margin below the smallest idle age at which a connection was silent; `Infinity` if none was. */
  readonly silentMs: number;
  readonly reviewAt: number;
}

/**
 * The limit that follows from the memory at `now`. `requestsSince`: how many requests were made since a connection was last found
 * silent.
 */
export function learnedLimit(
  memory: LimitMemory,
  roundTripMs: number,
  now: number,
  requestsSince: number = Infinity,
): LearnedLimit {
  const below = (idleMs: number) => idleMs - marginMs(idleMs, roundTripMs);
  const nearestMs = below(smallestIdleMs(memory.closes));
  const workedMs = workedIdleMs(memory, now);
  const believed = memory.closes.filter((seen) => !seen.doubted);
  const smallest = smallestIdleMs(believed);
  const restMs = Math.max(REST_LIMITS * smallest, certaintyMs(believed, smallest));
  const lastAt = believed.at(-1)?.at ?? -Infinity;
  const rests = Math.max(0, Math.floor((now - lastAt) / restMs));
  const steps = Math.min(rests, stepsAllowed(believed, requestsSince));
  const step = STEPS[steps];
  const workedSafelyMs = Math.min(workedMs, nearestMs);
  const silentMs = below(smallestIdleMs(memory.closes.filter((seen) => seen.silent === true)));
  const alive = { aliveMs: workedSafelyMs, silentMs };
  if (believed.length === 0 || step === undefined)
    return { idleMs: Infinity, provenMs: workedSafelyMs, ...alive, reviewAt: Infinity };
  // The server closes later than that. But what is in between may forget a connection sooner, and has done so.
  const watched = silentMs === Infinity && believed.every((seen) => seen.watched);
  return {
    ...alive,
    idleMs: Math.min(below(smallest), Math.max(survivedMs(believed, nearestMs), workedSafelyMs)) * step,
    provenMs: watched ? nearestMs : workedSafelyMs,
    reviewAt: steps < rests ? now + REST_MS : lastAt + (rests + 1) * restMs,
  };
}

/** How many steps the requests allow that were made since a connection was last found silent. */
function stepsAllowed(believed: readonly SeenClose[], requestsSince: number): number {
  const silences = believed.filter((seen) => seen.silent === true).length;
  return silences < CERTAIN ? Infinity : Math.floor(requestsSince / STEP_REQUESTS);
}

/**
 * An idle age that connections survive, where some were found dead that nobody closed; `Infinity` if none were. `nearestMs`: a
 * margin below the smallest close. What worked once is remembered here however long ago that was: below a limit nothing greater
 * is tried, and it would only ever shrink.
 */
function survivedMs(believed: readonly SeenClose[], nearestMs: number): number {
  const silent = believed.filter((seen) => seen.silent === true);
  if (silent.length === 0) return Infinity;
  const livedMs = Math.max(...silent.map((seen) => seen.livedMs ?? 0));
  return Math.max(
    Math.min(livedMs, nearestMs),
    silent.length < CERTAIN ? smallestIdleMs(silent) / 2 : SHORTEST_SILENCE_MS,
  );
}

/** The rest that a limit has earned by being seen often. */
function certaintyMs(believed: readonly SeenClose[], limitMs: number): number {
  const witnesses = believed.filter((seen) => seen.silent === true || isSameAge(seen.idleMs, limitMs));
  const [first, last] = [witnesses[0], witnesses.at(-1)];
  if (first === undefined || last === undefined || witnesses.length < CERTAIN) return REST_MS;
  // The next one costs a request much time, not only a resend.
  const isSilent = witnesses.every((seen) => seen.silent === true);
  if (limitMs < SHORTEST_LIMIT_MS && !isSilent) return REST_MS;
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

/** The memory with its times moved by `offset`, to convert between clocks. */
export function shiftMemory(memory: LimitMemory, offset: number): LimitMemory {
  const { goaways, goawayBurstUntil, protocol } = memory;
  return {
    ...(goaways && { goaways: goaways.map((seen) => ({ ...seen, at: seen.at + offset })) }),
    ...(goawayBurstUntil !== undefined && { goawayBurstUntil: goawayBurstUntil + offset }),
    ...(protocol && { protocol }),
    closes: memory.closes.map((seen) => ({ ...seen, at: seen.at + offset })),
    workedMs: memory.workedMs,
    workedAt: memory.workedAt + offset,
    burstUntil: memory.burstUntil + offset,
  };
}
