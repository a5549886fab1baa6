/**
 * A pool as a dispatcher of undici 6, 7 and 8, and of the `fetch` in Node: for programs whose client takes a `dispatcher`.
 *
 * @example
 * ```ts
 * import { createPool } from "@holdfast/pool";
 * import { dispatcher, setGlobalDispatcher } from "@holdfast/pool/dispatcher";
 *
 * setGlobalDispatcher(dispatcher(createPool({ idleTimeout: "30s" })));
 * await fetch("https://api.example.com/items"); // Node's own, through the pool
 * ```
 *
 * @module
 */

export { DispatchError } from "./dispatch-error.ts";
export type {
  CurrentHandler,
  DispatchController,
  DispatchHandler,
  DispatchHeaders,
  DispatchOptions,
  LegacyHandler,
} from "./dispatch-types.ts";
export {
  type DispatcherCallback,
  type DispatcherClass,
  dispatcher,
  type PoolDispatcher,
} from "./dispatcher.ts";
export { setGlobalDispatcher } from "./global-dispatcher.ts";
