/**
 * Immediate: calls back when the event loop has looked at the sockets, as `setImmediate` of the runtime does.
 *
 * It is read once, when the library is loaded. Tests that put timers of their own in place of the globals (`vi.useFakeTimers()`, or
 * `mock.timers` of `node:test`) want to move time limits; requests that wait for such an immediate would never be written.
 */

/** On Deno 2.9 to read it takes 10 ms, because the Node layer is loaded. Its transport does without, as long as it can. */
const { setImmediate: ofRuntime } = ("Deno" in globalThis ? {} : globalThis) as {
  readonly setImmediate?: (callback: () => void) => unknown;
};

/** Calls back in the check phase of this turn of the loop, or of the next one if it is called there. */
export function immediate(callback: () => void): void {
  if (ofRuntime === undefined) setImmediate(callback);
  else ofRuntime(callback);
}

declare const setImmediate: (callback: () => void) => unknown;
