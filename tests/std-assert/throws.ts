import { AssertionError } from "node:assert";
import { inspect } from "node:util";

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** Fails unless `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  try {
    fn();
  } catch (error) {
    return checked(error, expected);
  }
  throw failure("Expected function to throw", expected);
}

/** Fails unless the promise of `fn` rejects, and resolves with the reason. A synchronous throw fails. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = expectation(classOrMsg, msgIncludes, msg);
  const promise = started(fn, expected);
  try {
    await promise;
  } catch (error) {
    return checked(error, expected);
  }
  throw failure("Expected function to reject", expected);
}

interface Expectation {
  readonly errorClass: ErrorClass<Error> | undefined;
  readonly includes: string | undefined;
  readonly msg: string | undefined;
}

function expectation(
  classOrMsg: ErrorClass<Error> | string | undefined,
  includes?: string,
  msg?: string,
): Expectation {
  if (typeof classOrMsg === "function") return { errorClass: classOrMsg, includes, msg };
  return { errorClass: undefined, includes: undefined, msg: classOrMsg };
}

function started(fn: () => PromiseLike<unknown>, expected: Expectation): PromiseLike<unknown> {
  try {
    return fn();
  } catch (cause) {
    throw failure("Function throws when expected to reject", expected, cause);
  }
}

function checked(error: unknown, expected: Expectation): unknown {
  const { errorClass, includes } = expected;
  if (errorClass === undefined) return error;
  if (!(error instanceof errorClass)) {
    throw failure(
      `Expected error to be instance of "${errorClass.name}", got ${inspect(error)}`,
      expected,
      error,
    );
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    throw failure(`Expected error message to include "${includes}", got "${error.message}"`, expected, error);
  }
  return error;
}

function failure(message: string, expected: Expectation, cause?: unknown): AssertionError {
  const error = new AssertionError({ message: `${message}${expected.msg ? `: ${expected.msg}` : "."}` });
  if (cause !== undefined) error.cause = cause;
  return error;
}
