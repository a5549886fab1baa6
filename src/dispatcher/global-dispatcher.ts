/**
 * Global dispatcher: where the `fetch` in Node and every copy of undici look for their default. Two keys of the global object
 * have been agreed upon: `.1` by undici 6 and 7 and Node 20 to 24, `.2` by undici 8, which looks there first.
 */

import { show } from "../options/checks.ts";
import type { PoolDispatcher } from "./dispatcher.ts";

const KEYS: readonly symbol[] = [
  Symbol.for("undici.globalDispatcher.1"),
  Symbol.for("undici.globalDispatcher.2"),
];

/**
 * Makes a dispatcher the default of the `fetch` in Node and of every copy of undici, without the package. Deno's and Bun's own
 * `fetch` have no dispatcher (use `@holdfast/pool/register` there). Returns a function that puts back what was there before.
 *
 * @throws {TypeError} for anything without `dispatch()`.
 *
 * @example
 * ```ts
 * const restore = setGlobalDispatcher(dispatcher({ idleTimeout: "30s" }));
 * ```
 */
export function setGlobalDispatcher(dispatcher: Pick<PoolDispatcher, "dispatch">): () => void {
  if (typeof dispatcher?.dispatch !== "function")
    throw new TypeError(
      `dispatcher must have a method dispatch(), as one made by dispatcher(pool) has: current value is ${show(dispatcher)}`,
    );
  const before = KEYS.map((key) => Object.getOwnPropertyDescriptor(globalThis, key));
  for (const key of KEYS) define(key, { value: dispatcher });
  return () => {
    KEYS.forEach((key, at) => {
      const descriptor = before[at];
      // undici may have made it one that cannot be deleted. To undici `undefined` is none as well.
      if (descriptor !== undefined || !Reflect.deleteProperty(globalThis, key))
        define(key, { value: descriptor?.value });
    });
  };
}

/** undici defines them so that they can be written and not deleted. One that is not there yet can be deleted again. */
function define(key: symbol, { value }: { readonly value: unknown }): void {
  const isThere = Object.getOwnPropertyDescriptor(globalThis, key) !== undefined;
  if (isThere) (globalThis as Record<symbol, unknown>)[key] = value;
  else
    Object.defineProperty(globalThis, key, { value, writable: true, enumerable: false, configurable: true });
}
