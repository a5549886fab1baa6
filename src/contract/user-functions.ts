/**
 * User functions: how functions among the options are called safely. A function may throw where nothing may be thrown,
 * return a promise that rejects unhandled, or return an invalid value. Each becomes a {@linkcode FunctionFault}.
 */

import { HoldfastError, type Phase, type Sent } from "./errors.ts";

/**
 * A user's function threw or returned an invalid value. The message names the function. By default it is one that reads a
 * response: what is made for no request, or for many, does not know better.
 */
export class FunctionFault extends HoldfastError {
  constructor(message: string, cause?: unknown, phase: Phase = "body", sent: Sent = "full") {
    super({ code: "ERR_FUNCTION", phase, sent, retriable: false, message, cause });
  }
}

/** The fault as a request in this phase has it. Several requests may have the same one, so it is a copy. */
export function faultAt(fault: FunctionFault, phase: Phase, sent: Sent): FunctionFault {
  if (fault.phase === phase && fault.sent === sent) return fault;
  return new FunctionFault(fault.message, fault.cause, phase, sent);
}

/** The reason of a signal that ended a call before it was sent. */
export function unsentReason(reason: unknown): unknown {
  return reason instanceof FunctionFault ? faultAt(reason, "queue", "none") : reason;
}

/** The fault of a function that threw. */
export function thrownFault(name: string, cause: unknown): FunctionFault {
  return new FunctionFault(`${name} threw: ${describe(cause)}`, cause);
}

/** The fault of a function that returned an invalid value. `must` says what it should return. */
export function returnFault(name: string, must: string, value: unknown): FunctionFault {
  ignoreRejection(value);
  return new FunctionFault(`${name} must return ${must}: got ${describe(value)}`);
}

/** The fault of a function whose answer a check refused. */
export function refusedFault(name: string, refusal: unknown): FunctionFault {
  const why = refusal instanceof Error ? refusal.message : describe(refusal);
  return new FunctionFault(`${name} gave a wrong answer: ${why}`, refusal);
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
export function ignoreRejection(value: unknown, failed: () => void = () => {}): void {
  if (value instanceof Promise) value.catch(failed);
}

/** Wraps a function that must decide synchronously: if it returns a promise, the wrapper throws. */
export function synchronous<A extends unknown[], T>(
  name: string,
  decide: (...given: A) => T,
): (...given: A) => T {
  return (...given) => {
    const value = decide(...given);
    if (value instanceof Promise) throw returnFault(name, "a value, not a promise", value);
    return value;
  };
}

/** Wraps `random` and checks the value of every call. @throws {FunctionFault} */
export function checkedRandom(random: () => number): () => number {
  // The runtime's own needs no check.
  if (random === Math.random) return random;
  return () => {
    let value: unknown;
    try {
      value = random();
    } catch (cause) {
      throw thrownFault("random", cause);
    }
    if (typeof value === "number" && value >= 0 && value <= 1) return value;
    throw returnFault("random", "a number from 0 to 1", value);
  };
}
