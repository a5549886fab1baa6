/** Protocol: lines of JSON between the main job and the process of its origins. */

import type { Seen } from "./ledger.ts";
import type { Times } from "./origin.ts";

/** The first argument of the origins' process. */
export type Launch = Times;

/** The first message of the origins' process. */
export interface Ready {
  readonly ports: Readonly<Record<string, number>>;
  /** Which origins are missing, and why, for people. */
  readonly notes: readonly string[];
  /** Programs that it started, which must end with it. */
  readonly pids: readonly number[];
}

/** A question to it. It answers each line with one line, in order. */
export type Ask =
  /** Answered with `{}`. */
  | { readonly ask: "turn-to"; readonly client: string }
  /** Answered with a {@linkcode Report}. */
  | { readonly ask: "seen"; readonly client: string };

/** By the origin's name. */
export type Report = Readonly<Record<string, Seen>>;
