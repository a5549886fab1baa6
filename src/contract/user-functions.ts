/**
 * User functions: what must not come of calling a function that a user gave: that it throws where nothing may be thrown,
 * that its promise rejects and nobody looks, or that nonsense is taken for an answer.
 */

import { HoldfastError } from "./errors.ts";

/** A function of the user's threw, or answered what it must not. The message names it. */
export class FunctionFault extends HoldfastError {
  constructor(message: string, cause?: unknown) {
    super({ code: "ERR_FUNCTION", phase: "body", sent: "full", retriable: false, message, cause });
  }
}

/** The fault of a function that threw. */
export function thrownFault(name: string, cause: unknown): FunctionFault {
  return new FunctionFault(`${name} threw: ${describe(cause)}`, cause);
}

/** The fault of a function that answered something else than it must. */
export function answerFault(name: string, must: string, answer: unknown): FunctionFault {
  ignoreRejection(answer);
  return new FunctionFault(`${name} must answer ${must}: got ${describe(answer)}`);
}

/** As a message shows it; there are objects that cannot be made a string. */
function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** The answer may be the promise of an `async` function though none was asked for: its failure ends no process. */
export function ignoreRejection(answer: unknown, failed: () => void = () => {}): void {
  if (answer instanceof Promise) answer.catch(failed);
}

/** A function that decides at once. Whoever calls it takes what it throws for a no; a promise is no more than that. */
export function synchronous<A extends unknown[], T>(
  name: string,
  decide: (...given: A) => T,
): (...given: A) => T {
  return (...given) => {
    const answer = decide(...given);
    if (answer instanceof Promise) throw answerFault(name, "at once", answer);
    return answer;
  };
}

/** `random`, checked at each call. @throws {FunctionFault} */
export function checkedRandom(random: () => number): () => number {
  // Of the runtime's nothing is to be feared.
  if (random === Math.random) return random;
  return () => {
    let answer: unknown;
    try {
      answer = random();
    } catch (cause) {
      throw thrownFault("random", cause);
    }
    if (typeof answer === "number" && answer >= 0 && answer <= 1) return answer;
    throw answerFault("random", "a number from 0 to 1", answer);
  };
}
