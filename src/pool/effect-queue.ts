/**
 * Effect queue: performs the effects of the core in the order in which they were decided. An effect may call a user's
 * function, which may cause another step. The effects of that step wait until all earlier effects are performed.
 */

import type { Observers } from "./observers.ts";

/** Performs one effect. */
export interface EffectHandler<Effect> {
  handle(effect: Effect, now: number): void;
}

interface Batch<Effect> {
  readonly effects: readonly Effect[];
  readonly now: number;
}

/** The effects of one pool. */
export class EffectQueue<Effect> {
  readonly #observers: Observers;
  readonly #handler: EffectHandler<Effect>;
  #performing = false;
  readonly #later: Batch<Effect>[] = [];

  constructor(observers: Observers, handler: EffectHandler<Effect>) {
    this.#observers = observers;
    this.#handler = handler;
  }

  /** Performs `effects` now, or after the earlier ones. Events are delivered only when all are performed. */
  perform(effects: readonly Effect[], now: number): void {
    if (effects.length === 0) return;
    if (this.#performing) {
      this.#later.push({ effects, now });
      return;
    }
    this.#performing = true;
    this.#observers.beginStep();
    try {
      for (const effect of effects) this.#handler.handle(effect, now);
      if (this.#later.length > 0) this.#performLater();
    } finally {
      this.#performing = false;
      this.#observers.endStep();
    }
  }

  /** The effects of steps that earlier effects caused. Rare, so it is kept out of the hot function. */
  #performLater(): void {
    for (let batch = this.#later.shift(); batch !== undefined; batch = this.#later.shift())
      for (const effect of batch.effects) this.#handler.handle(effect, batch.now);
  }
}
