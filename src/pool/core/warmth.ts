/**
 * Warmth: keeps `minIdle` connections of an origin ready while it is in use. `rules/warm.ts` says when one is replaced.
 *
 * - An origin is in use while requests wait or run, and for a time after the last one began or ended.
 * - Ready is what would take a request at once: idle connections, and active ones with room. One that is being opened counts as well,
 *   unless a waiter will get it.
 * - Only what is free is used: no connection is closed for another to be warm, and waiters of other origins come first.
 * - A connection that nears its end no longer counts. When what was opened for it is ready, it ends as `replaced`.
 */

import { admit } from "../../rules/admission.ts";
import { replaceAt, type WarmFacts } from "../../rules/warm.ts";
import { Deadlines, type Expiring, type HeapEntry } from "./deadlines.ts";
import type { Effect } from "./effects.ts";
import type { Fairness } from "./fairness.ts";
import type { OriginTable } from "./origin-table.ts";
import type { ConnectionRecord, OriginRecord } from "./records.ts";
import type { Retirement } from "./retirement.ts";

/** While limits or other origins leave no room, it is looked for again after this time. */
const CROWDED_MS = 1000;

/** When an origin is looked at again. */
class Look<C, W> implements Expiring {
  retireAt: number = Infinity;
  heapEntry: HeapEntry | undefined = undefined;
  readonly origin: OriginRecord<C, W>;

  constructor(origin: OriginRecord<C, W>) {
    this.origin = origin;
  }
}

/** Keeps the origins of one pool warm. */
export class Warmth<C, W> {
  readonly #origins: OriginTable<C, W>;
  readonly #fairness: Fairness<C, W>;
  readonly #retirement: Retirement<C, W>;
  readonly #emit: (effect: Effect<C, W>) => void;
  readonly #looks: Deadlines<Look<C, W>> = new Deadlines();
  readonly #byOrigin: WeakMap<OriginRecord<C, W>, Look<C, W>> = new WeakMap();
  #stopped = false;

  constructor(
    origins: OriginTable<C, W>,
    fairness: Fairness<C, W>,
    retirement: Retirement<C, W>,
    emit: (effect: Effect<C, W>) => void,
  ) {
    this.#origins = origins;
    this.#fairness = fairness;
    this.#retirement = retirement;
    this.#emit = emit;
  }

  /** When to look next though nothing happens. */
  next(): number {
    return this.#stopped ? Infinity : this.#looks.next();
  }

  stop(): void {
    this.#stopped = true;
  }

  /** At the end of a step: looks at the origins of which something changed, and at those whose time has come. */
  keep(now: number): void {
    const { touched } = this.#origins;
    if (touched.size > 0) {
      const changed = [...touched];
      touched.clear();
      for (const origin of changed) this.#look(origin, now);
      // What was opened or retired just now was looked at.
      touched.clear();
    }
    if (this.#looks.next() > now) return;
    for (let due = this.#looks.expired(now); due !== undefined; due = this.#looks.expired(now))
      this.#look(due.origin, now);
    touched.clear();
  }

  #look(origin: OriginRecord<C, W>, now: number): void {
    const { warm } = origin;
    if (warm === undefined || this.#stopped) return;
    const known = this.#byOrigin.get(origin);
    const look = known ?? new Look(origin);
    if (known === undefined) this.#byOrigin.set(origin, look);
    look.retireAt = this.#isInUse(origin, warm, now) ? this.#kept(origin, warm, now) : Infinity;
    this.#looks.watch(look);
  }

  #isInUse(origin: OriginRecord<C, W>, { usedAt }: WarmFacts, now: number): boolean {
    if (this.#origins.find(origin.origin.key) !== origin) return false;
    const isBusy = origin.active > 0 || origin.waiters.size > 0;
    return isBusy || now < usedAt + origin.rules.minIdleForMs;
  }

  /** Opens what is missing, and ends what was replaced. Answers when to look again. */
  #kept(origin: OriginRecord<C, W>, warm: WarmFacts, now: number): number {
    const { minIdle } = origin.rules;
    const ending: ConnectionRecord<C, W>[] = [];
    let nextAt = Infinity;
    for (const connection of origin.idle) {
      const at = replaceAt(connection.idleSince, connection.retireAt, origin.roundTripMs);
      if (at <= now) ending.push(connection);
      else nextAt = Math.min(nextAt, at);
    }
    const lasting = origin.room.size + origin.idle.size - ending.length;
    const missing = minIdle - lasting - comingOf(origin);
    if (missing > 0) nextAt = Math.min(nextAt, this.#open(origin, warm, missing, now));
    if (ending.length === 0) warm.replacing = 0;
    else if (missing > 0) warm.replacing = Math.max(warm.replacing, Math.min(missing, ending.length));
    if (lasting < minIdle) return nextAt;
    for (const connection of ending.slice(0, warm.replacing)) {
      warm.replacing -= 1;
      this.#retirement.retire(connection, "replaced", now);
    }
    return nextAt;
  }

  /** Answers when to try again, where not all could be opened. */
  #open(origin: OriginRecord<C, W>, warm: WarmFacts, missing: number, now: number): number {
    if (now < warm.restsUntil) return warm.restsUntil;
    for (let opened = 0; opened < missing; opened++) {
      if (!this.#hasPlace(origin)) return now + CROWDED_MS;
      this.#emit({ type: "connect", connection: this.#origins.startConnecting(origin, now) });
    }
    return Infinity;
  }

  /** Above a limit on idle connections one would be closed for it. Where the limit is what shall be ready, the old one ends first. */
  #hasPlace(origin: OriginRecord<C, W>): boolean {
    const { maxIdle, maxIdlePerOrigin } = origin.rules;
    const { idle, connecting } = this.#origins;
    if (idle.size + connecting >= maxIdle || origin.idle.size + origin.connecting >= maxIdlePerOrigin)
      return false;
    return (
      admit(this.#origins.occupancy(origin), origin.rules) === "connect" && !this.#fairness.mustQueue(origin)
    );
  }
}

/** Connect attempts that the present waiters do not fill. */
function comingOf({
  connecting,
  waiters,
  capacity,
}: {
  connecting: number;
  waiters: { size: number };
  capacity: number;
}): number {
  return Math.max(0, connecting - Math.ceil(waiters.size / capacity));
}
