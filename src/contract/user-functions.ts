/**
 * User functions: how functions among the options are called safely. A function may throw where nothing may be thrown,
 * return a promise that rejects unhandled, or return an invalid value. Each becomes a {@linkcode FunctionFault}.
 */

import { HoldfastError } from "./errors.ts";

/** A user's function threw or returned an invalid value. The message names the function. */
export class FunctionFault extends HoldfastError {
  constructor(message: string, cause?: unknown) {
    super({ code: "ERR_FUNCTION", phase: "body", sent: "full", retriable: false, message, cause });
  }
}

/** The fault of a function that threw. */
export function thrownFault(name: string, cause: unknown): FunctionFault {
  return new FunctionFault(`${name} threw: ${describe(cause)}`, cause);
}

/** The fault of a function that returned an invalid value. `must` says what it should return. */
export function answerFault(name: string, must: string, answer: unknown): FunctionFault {
  ignoreRejection(answer);
  return new FunctionFault(`${name} must return ${must}: got ${describe(answer)}`);
}

/** A value for a message. `String()` throws for some objects. */
function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return Object.prototype.toString.call(value);
  }
}

/** Handles the rejection of a promise that an `async` function returned unasked, which would end the process. */
export function ignoreRejection(answer: unknown, failed: () => void = () => {}): void {
  if (answer instanceof Promise) answer.catch(failed);
}

/** Wraps a function that must decide synchronously: if it returns a promise, the wrapper throws. */
export function synchronous<A extends unknown[], T>(
  name: string,
  decide: (...given: A) => T,
): (...given: A) => T {
  return (...given) => {
    const answer = decide(...given);
    if (answer instanceof Promise) throw answerFault(name, "a value, not a promise", answer);
    return answer;
  };
}

/** Wraps `random` and checks the value of every call. @throws {FunctionFault} */
export function checkedRandom(random: () => number): () => number {
  // The runtime's own needs no check.
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
