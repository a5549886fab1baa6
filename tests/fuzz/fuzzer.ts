/** Fuzzer: damages responses of a corpus at random. Inputs with a new kind of outcome join the corpus. */

import { generate, mutate, Random, type Sample } from "../http1/generate.ts";
import { signature, violation } from "./properties.ts";

/** An input that breaks a property. */
export interface Finding {
  readonly sample: Sample;
  readonly problem: string;
}

/** Makes inputs and checks them one after the other. A seed determines all of them. */
export class Fuzzer {
  /** How many inputs were checked. */
  count = 0;
  readonly #random: Random;
  readonly #samples: Sample[];
  readonly #known: Set<string>;

  constructor(seed: number, samples: readonly Sample[]) {
    this.#random = new Random(seed);
    this.#samples = [...samples];
    this.#known = new Set(samples.map(signature));
  }

  /** How many kinds of outcome occurred. */
  get kinds(): number {
    return this.#known.size;
  }

  /** Checks one more input. */
  step(): Finding | undefined {
    this.count += 1;
    const sample = this.#next();
    const problem = violation(sample, this.#random);
    if (problem !== undefined) return { sample, problem };
    const kind = signature(sample);
    if (!this.#known.has(kind)) {
      this.#known.add(kind);
      this.#samples.push(sample);
    }
    return undefined;
  }

  #next(): Sample {
    const random = this.#random;
    const roll = random.next();
    if (roll < 0.2) return this.#damaged(generate(random));
    const sample = random.pick(this.#samples);
    if (roll < 0.3) return { ...sample, text: this.#spliced(sample.text) };
    return this.#damaged(sample);
  }

  #damaged({ method, text }: Sample): Sample {
    return { method, text: mutate(this.#random, text, 4) };
  }

  #spliced(text: string): string {
    const other = this.#random.pick(this.#samples).text;
    const [at, from] = [this.#random.below(text.length + 1), this.#random.below(other.length + 1)];
    return text.slice(0, at) + other.slice(from);
  }
}

/** Shrinks an input by leaving out parts of it, for as long as it still breaks a property. */
export function shrink({ sample }: Finding): Sample {
  let { text } = sample;
  for (let size = Math.ceil(text.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < text.length; ) {
      const less = text.slice(0, at) + text.slice(at + size);
      if (breaks({ ...sample, text: less })) text = less;
      else at += size;
    }
  }
  return { ...sample, text };
}

/** The check draws cuts and surroundings at random, so one try may miss the fault. */
function breaks(sample: Sample): boolean {
  return Array.from({ length: 20 }, (_, seed) => new Random(seed)).some(
    (random) => violation(sample, random) !== undefined,
  );
}
