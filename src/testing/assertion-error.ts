/** Assertion error: of a shape that test runners know, so that they show what was found and what was expected. */

/** What an assertion of the kit throws. */
export class AssertionError extends Error {
  /** The name of the class. */
  override readonly name = "AssertionError";
  /** The code of Node's own, by which some runners know it. */
  readonly code = "ERR_ASSERTION";
  /** What was found. */
  readonly actual: unknown;
  /** What should have been. */
  readonly expected: unknown;

  /** The message also says what was found and what was expected. */
  constructor(message: string, actual: unknown, expected: unknown) {
    super(`${message}: found ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`);
    this.actual = actual;
    this.expected = expected;
  }
}
