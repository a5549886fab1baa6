/**
 * Hints: the 1xx that a server sends ahead of an answer, and how it takes the request back afterwards. What has got a 1xx was
 * processed, whatever the server says of it then.
 */

import { Prng } from "../../support/prng.ts";

/** How often a server does so. */
export interface HintPlan {
  /** One request in so many gets a 1xx at once. */
  readonly oneIn: number;
  /** One of those in so many is taken back; `Infinity`: none, so that nothing goes wrong. */
  readonly takenBackOneIn: number;
  /** One request in so many meets a server that says nothing more, and ends its connection this many ms later. */
  readonly vanishOneIn: number;
  readonly endsAfterMs: number;
}

export const NO_HINTS: HintPlan = {
  oneIn: Infinity,
  takenBackOneIn: Infinity,
  vanishOneIn: Infinity,
  endsAfterMs: Infinity,
};

/** How a request is taken back. */
export const TAKEN_BACK = ["refused", "disowned", "reset", "cut"] as const;
export type TakenBack = (typeof TAKEN_BACK)[number];

/** What becomes of one request. */
export interface Hint {
  readonly status: "100" | "103";
  readonly takenBack: TakenBack | undefined;
  /** Whether it is executed all the same. */
  readonly executes: boolean;
  /** How long after the 1xx; 0: in the same packet. */
  readonly afterMs: number;
}

/** Draws from numbers of its own, so that older seeds keep their meaning. `mayFail`: requests may go wrong in this world. */
export function drawHints(seed: number, mayFail: boolean): HintPlan {
  const prng = new Prng(Math.imul(seed, 0x27d4_eb2f) ^ 0x103);
  const oneIn = prng.among(Infinity, 30, 5);
  return { ...NO_HINTS, oneIn, takenBackOneIn: mayFail ? prng.among(1, 4, 20) : Infinity };
}

/** The hints of one server. */
export class Hints {
  readonly #plan: HintPlan;
  readonly #prng: Prng;

  constructor(plan: HintPlan, seed: number) {
    this.#plan = plan;
    this.#prng = new Prng(Math.imul(seed, 0x85eb_ca6b) ^ 0x1e7);
  }

  /** The hint for a request that comes for the `attempt`th time; most second attempts get one where any is taken back. */
  next(attempt: number, hasAll: boolean): Hint | undefined {
    const { oneIn, takenBackOneIn } = this.#plan;
    const isSecond = attempt > 1 && takenBackOneIn < Infinity;
    const prng = this.#prng;
    if (oneIn === Infinity || !prng.oneIn(isSecond ? 2 : oneIn)) return undefined;
    const isTakenBack = takenBackOneIn < Infinity && prng.oneIn(takenBackOneIn);
    return {
      status: hasAll ? "103" : prng.among("100", "103"),
      takenBack: isTakenBack ? prng.pick(TAKEN_BACK) : undefined,
      executes: prng.oneIn(2),
      afterMs: prng.among(0, 0, 1, 30),
    };
  }

  /** When the server, which says nothing more from now on, ends the connection; `undefined`: it goes on. */
  vanishes(attempt: number): number | undefined {
    const { vanishOneIn, endsAfterMs } = this.#plan;
    if (vanishOneIn === Infinity || attempt > 1 || !this.#prng.oneIn(vanishOneIn)) return undefined;
    return endsAfterMs * (0.5 + this.#prng.next());
  }
}
