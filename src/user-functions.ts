/**
 * User functions: what must not come of calling a function that a user gave: that it throws where nothing may be thrown,
 * that its promise rejects and nobody looks, or that nonsense is taken for an answer.
 */

/** The answer may be the promise of an `async` function though none was asked for: its failure ends no process. */
export function ignoreRejection(answer: unknown, failed: () => void = () => {}): void {
  if (answer instanceof Promise) answer.catch(failed);
}
