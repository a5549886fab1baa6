/** Limit store: what a place must offer to keep learned limits beyond the process, or to share them in a fleet. */

import type { LimitMemory } from "../rules/learned.ts";

/** A key-value store for learned limits; `unstorage`, a `Map` or a table will do. */
export interface LimitStore {
  /** What was last set for the origin, or nothing. */
  get(origin: string): StoredLimit | null | undefined | Promise<StoredLimit | null | undefined>;
  /** Keeps a value, which is plain JSON. */
  set(origin: string, value: StoredLimit): unknown;
}

/** What is kept of one origin. Times are wall-clock milliseconds. */
export interface StoredLimit extends LimitMemory {
  readonly version: 1;
}
