/** Frame fuzzer: damages what servers send at random. Samples with a new kind of outcome are damaged further. */

import { Random } from "../../http1/generate.ts";
import { damageFrames, type FrameSample, generateFrames } from "./generate.ts";
import { frameSignature, frameViolation } from "./properties.ts";

/** How many samples are kept, so that a long run does not grow. */
const MOST_KEPT = 2000;

/** A sample that breaks a property. */
export interface FrameFinding {
  readonly sample: FrameSample;
  readonly problem: string;
}

/** Makes samples and checks them one after the other. A seed determines all of them. */
export class FrameFuzzer {
  /** How many samples were checked. */
  count = 0;
  readonly #random: Random;
  readonly #samples: FrameSample[] = [];
  readonly #known = new Set<string>();

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** How many kinds of outcome occurred. */
  get kinds(): number {
    return this.#known.size;
  }

  /** Checks one more sample. */
  step(): FrameFinding | undefined {
    this.count += 1;
    const sample = this.#next();
    const problem = frameViolation(sample, this.#random);
    if (problem !== undefined) return { sample, problem };
    const kind = frameSignature(sample);
    if (!this.#known.has(kind)) {
      this.#known.add(kind);
      if (this.#samples.length < MOST_KEPT) this.#samples.push(sample);
      else this.#samples[this.#random.below(MOST_KEPT)] = sample;
    }
    return undefined;
  }

  #next(): FrameSample {
    const random = this.#random;
    if (random.chance(0.4)) return generateFrames(random);
    const kept = this.#samples.length > 0 && random.chance(0.6);
    return damageFrames(random, kept ? random.pick(this.#samples) : generateFrames(random));
  }
}

/** Makes a sample smaller for as long as it still breaks a property. */
export function shrinkFrames({ sample }: FrameFinding): FrameSample {
  let small = sample;
  const tryOut = (plans: FrameSample["plans"], bytes: readonly number[]): boolean => {
    const breaks = [0, 1, 2, 3].some(
      (seed) => frameViolation({ plans, bytes }, new Random(seed)) !== undefined,
    );
    if (breaks) small = { plans, bytes };
    return breaks;
  };
  for (let size = Math.ceil(small.bytes.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < small.bytes.length; ) {
      const less = [...small.bytes.slice(0, at), ...small.bytes.slice(at + size)];
      if (!tryOut(small.plans, less)) at += size;
    }
  }
  while (small.plans.length > 1 && tryOut(small.plans.slice(0, -1), small.bytes));
  return small;
}
