/** Pump: lets every promise that can settle do so before virtual time goes on. */

/**
 * One turn of the runtime's event loop, after which every microtask has run, however deep. It takes less than a
 * microsecond on Node, Deno and Bun. A fixed number of `await`s would cost as much, and might not reach the end of a
 * longer chain.
 */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
