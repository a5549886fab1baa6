/** Protocol: lines of JSON between the main job and the process that holds its origins. */

import type { Seen } from "./ledger.ts";
import type { Times } from "./origin.ts";

/** The first argument of the origins' process. */
export type Launch = Times;

/** What the origins' process says first. */
export interface Ready {
  readonly ports: Readonly<Record<string, number>>;
  /** Origins that are missing, and why, for people. */
  readonly notes: readonly string[];
  /** Programs it started, which must end with it. */
  readonly pids: readonly number[];
}

/** What it is asked; it answers each line with one, in order. */
export type Ask =
  /** Answered with `{}`. */
  | { readonly ask: "turn-to"; readonly client: string }
  /** Answered with a {@linkcode Report}. */
  | { readonly ask: "seen"; readonly client: string };

/** By the origin's name. */
export type Report = Readonly<Record<string, Seen>>;
