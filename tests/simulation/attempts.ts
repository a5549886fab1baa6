/** Attempts: how often an origin that stays silent may be tried, however many requests wait for it and however long. */

import type { Finding, Judges } from "./judges.ts";

const MINUTE = 60_000;

/** Attempts that are further apart are rare enough, and after such a pause another silence may have begun. */
const RARE_MS = 20_000;

/** Other connect attempts of one request, by a timer: that of its doubt, that again, and those for the ends of two outages. */
const OWN = 4;

/** Those of requests that ended just before. */
const LATE = 8;

/** The most attempts to see whether an origin can be reached, within `ms` of silence (`rules/outage.ts`). */
function mostTries(ms: number): number {
  // One every 750 ms in the first minute, then each after a tenth of the time beyond it, and one every 30 s from six minutes on.
  const rarer = Math.log(Math.min(Math.max((ms - MINUTE) / 7500, 1), 40)) / Math.log(1.1);
  return 1 + Math.min(ms, 67_500) / 750 + rarer + Math.max(0, ms - 6 * MINUTE) / 30_000;
}

/** One silence of an origin. */
interface Silence {
  readonly since: number;
  triedAt: number;
  /** Attempts that requests and the program may have made of their own. */
  own: number;
  tries: number;
}

/** The connect attempts of one world. */
export class Attempts {
  readonly #judges: Judges;
  readonly #silences: Map<string, Silence> = new Map();
  #waiting = 0;

  constructor(judges: Judges) {
    this.#judges = judges;
  }

  /** A request begins, or follows a redirect: any origin may be asked. */
  began(): void {
    this.#waiting += 1;
    this.mayConnect(OWN);
  }

  /** A request is over. */
  ended(): void {
    this.#waiting -= 1;
  }

  /** The program may open so many connections of its own, to any origin. */
  mayConnect(count: number): void {
    for (const silence of this.#silences.values()) silence.own += count;
  }

  /** Bytes or a connection of the origin came. */
  heard(origin: string, now: number): void {
    this.#silences.set(origin, { since: now, triedAt: now, own: LATE + OWN * this.#waiting, tries: 0 });
  }

  /** A connect attempt begins because a timer has rung. Answers what is wrong. */
  tried(origin: string, now: number): Finding | undefined {
    const triedAt = this.#silences.get(origin)?.triedAt ?? -Infinity;
    if (now - triedAt > RARE_MS) this.heard(origin, now);
    const silence = this.#silences.get(origin);
    if (silence === undefined) return undefined;
    silence.triedAt = now;
    silence.tries += 1;
    const ms = now - silence.since;
    const most = mostTries(ms) + silence.own;
    return this.#judges.finds(
      "attempts in a silence",
      silence.tries > 1,
      silence.tries > most,
      () =>
        `${origin} was silent for ${ms} ms and tried ${silence.tries} times, where ${Math.floor(most)} are enough`,
    );
  }
}
