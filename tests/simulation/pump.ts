/** Pump: lets every promise that can settle do so, before virtual time goes on. */

/**
 * One turn of the runtime's event loop, by which every microtask, however deep, has run. Under a microsecond on Node,
 * Deno and Bun; a fixed number of `await`s would cost as much and leave a deeper chain half done.
 */
export function quiescence(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
