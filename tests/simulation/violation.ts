/** Violation: an invariant is broken. */

export class Violation extends Error {
  override readonly name = "Violation";
}
