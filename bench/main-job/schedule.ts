/** Schedule: which request goes where, and when. It comes from a seed, so that both clients get the same one. */

import type { Pause, Times } from "./origins/origin.ts";

export interface PlannedRequest {
  readonly sequence: number;
  readonly method: "GET" | "POST" | "HEAD";
  readonly path: string;
  /** The length of the response's body; `undefined` for servers that are not ours. */
  readonly responseBytes: number | undefined;
  readonly requestBytes: number;
}

/** Requests that are sent together, after a pause. */
export interface Burst {
  readonly pause: Pause;
  /** How many are under way at once. */
  readonly width: number;
  readonly requests: readonly PlannedRequest[];
}

/** A random number generator with a seed (mulberry32). It gives the same numbers on every runtime. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The share of a client's time that its pauses may take. */
const PAUSED_SHARE = 0.82;
/** The intended idle limit: above the 2 s for which Holdfast reuses a connection for a POST by default. */
const IDLE_LIMIT_MS = 2300;
/** Timers are too coarse for limits below this. */
const SHORTEST_LIMIT_MS = 120;

/** Limits that give every habit several chances in a client's time. */
export function timesFor(clientMs: number): Times {
  const idleLimitMs = Math.round(Math.min(IDLE_LIMIT_MS, Math.max(SHORTEST_LIMIT_MS, clientMs / 5)));
  return { idleLimitMs, lifetimeMs: Math.round(idleLimitMs * 1.2) };
}

/** As many of the pauses, repeated in order, as fit beside the work. A pause that does not fit is left out. */
export function fittingPauses(pauses: readonly Pause[], clientMs: number, workMs = 0): Pause[] {
  const fitting: Pause[] = [];
  let left = clientMs * PAUSED_SHARE - workMs;
  for (let at = 0, misses = 0; misses < pauses.length && pauses.length > 0; at++) {
    const pause = pauses[at % pauses.length] as Pause;
    if (pause.ms <= left) {
      fitting.push(pause);
      left -= Math.max(pause.ms, 1);
      misses = 0;
    } else misses++;
  }
  return fitting;
}

/** The widths of the bursts between two pauses. */
const WIDTHS = [1, 4, 8] as const;
const BREATH: Pause = { ms: 15 };

/** How long the bursts of this many requests take, at this time per request. */
export function workMs(requests: number, answerMs: number): number {
  const inTurn = WIDTHS.reduce((sum, width) => sum + requests / WIDTHS.length / width, 0);
  return inTurn * answerMs;
}

const POST_SHARE = 0.3;
const REQUEST_SIZES = [12, 900, 20_000] as const;

export interface OriginPlan {
  readonly requests: number;
  readonly pauses: readonly Pause[];
  readonly responseSizes: readonly number[];
  readonly seed: number;
}

/** Spreads the requests evenly over the pauses, and between two pauses over bursts of each width. */
export function planBursts({ requests, pauses, responseSizes, seed }: OriginPlan): Burst[] {
  const random = seeded(seed);
  const all = Array.from({ length: requests }, (_, sequence) =>
    plannedRequest(sequence, responseSizes, random),
  );
  const rounds = split(all, Math.min(pauses.length + 1, requests));
  return rounds.flatMap((round, at) =>
    split(round, Math.min(WIDTHS.length, round.length)).map((burst, part) => ({
      pause: part > 0 ? BREATH : (pauses[at - 1] ?? { ms: 0 }),
      width: WIDTHS[(at + part) % WIDTHS.length] as number,
      requests: burst,
    })),
  );
}

function plannedRequest(sequence: number, sizes: readonly number[], random: () => number): PlannedRequest {
  const responseBytes = pick(sizes, random);
  const post = random() < POST_SHARE;
  return {
    sequence,
    method: post ? "POST" : "GET",
    path: `/bytes/${responseBytes}`,
    responseBytes,
    requestBytes: post ? pick(REQUEST_SIZES, random) : 0,
  };
}

function pick<T>(items: readonly T[], random: () => number): T {
  return items[Math.floor(random() * items.length)] as T;
}

/** Splits into parts of equal size. The first ones are larger by one if it does not divide evenly. */
export function split<T>(items: readonly T[], parts: number): T[][] {
  return Array.from({ length: parts }, (_, at) =>
    items.slice(Math.ceil((at * items.length) / parts), Math.ceil(((at + 1) * items.length) / parts)),
  );
}
