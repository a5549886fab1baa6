/**
 * Performer: does what the core decided, in the order in which it was decided. An effect may call a function of the
 * user's, which may give rise to a step of its own: what that decides comes after what was decided before.
 */

import type { Observers } from "./observers.ts";

/** Whoever knows how to do one effect. */
export interface EffectHandler<Effect> {
  handle(effect: Effect, now: number): void;
}

interface Batch<Effect> {
  readonly effects: readonly Effect[];
  readonly now: number;
}

/** Does the effects of one pool. */
export class EffectQueue<Effect> {
  readonly #observers: Observers;
  readonly #handler: EffectHandler<Effect>;
  #performing = false;
  readonly #later: Batch<Effect>[] = [];

  constructor(observers: Observers, doer: EffectHandler<Effect>) {
    this.#observers = observers;
    this.#handler = doer;
  }

  /** Does them now, or as soon as those are done that others wait for. Nobody is told of any before all are done. */
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
      if (this.#later.length > 0) this.#doLater();
    } finally {
      this.#performing = false;
      this.#observers.endStep();
    }
  }

  /** Apart, as it hardly ever happens: what one step decided gave rise to another. */
  #doLater(): void {
    for (let batch = this.#later.shift(); batch !== undefined; batch = this.#later.shift())
      for (const effect of batch.effects) this.#handler.handle(effect, batch.now);
  }
}
