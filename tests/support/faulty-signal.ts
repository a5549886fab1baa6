/** Faulty signal: one of another library whose members throw, and what an error about it says. */

import { HoldfastError } from "../../mod.ts";

/** The member that throws. */
export type FaultyMember = "aborted" | "reason" | "addEventListener";

/** A signal, and what a test does to it. */
export interface FaultySignal {
  readonly signal: AbortSignal;
  /** From now on the member throws. One whose `reason` throws is aborted, because nobody asks for it before. */
  spoil(): void;
  /** The same, and its listeners are told. */
  abort(): void;
}

/** A signal whose `member` will throw, `times` times at most. */
export function faultySignal(member: FaultyMember, times = Infinity): FaultySignal {
  const listeners = new Set<() => void>();
  let isSpoilt = false;
  let thrown = 0;
  const use = (used: FaultyMember): void => {
    if (!isSpoilt || used !== member || thrown >= times) return;
    thrown += 1;
    throw new Error("broken");
  };
  const own = {
    get aborted(): boolean {
      use("aborted");
      return isSpoilt && member === "reason";
    },
    get reason(): unknown {
      use("reason");
      return undefined;
    },
    addEventListener(_: "abort", listener: () => void) {
      use("addEventListener");
      listeners.add(listener);
    },
    removeEventListener: (_: "abort", listener: () => void) => void listeners.delete(listener),
  };
  const spoil = (): void => {
    isSpoilt = true;
  };
  const abort = (): void => {
    spoil();
    for (const listener of [...listeners]) listener();
  };
  return { signal: own as unknown as AbortSignal, spoil, abort };
}

/** An error and those that caused it, each as its phase and what was sent. */
export function factsOf(error: unknown): string[] {
  const facts: string[] = [];
  for (let one = error; one instanceof HoldfastError; one = one.cause)
    facts.push(`${one.code} in ${one.phase}, sent ${one.sent}`);
  return facts;
}
