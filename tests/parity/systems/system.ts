/** System: what the parity table has a row for. */

import type { Missing, Program } from "../program.ts";
import type { Case, Tune } from "../schedule.ts";

export interface System {
  /** What `--only` calls it. */
  readonly name: string;
  /** The name of its preset, as in `presets.jdk()`, where that is another. */
  readonly preset?: string;
  /** What its users call it. */
  readonly title: string;
  /** What it can be asked to do, beyond one GET after the other. */
  readonly can: readonly ("together" | "methods" | "origins")[];
  /** What can be tuned, and its name among the preset's directives. */
  readonly tunes?: Readonly<Partial<Record<keyof Tune, string>>>;
  /** Whether the preset goes by the version, which is that of the program. */
  readonly versioned?: true;
  /** What is set for the program as a whole, as the preset's directives. */
  readonly given?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Set if connections that it gives up are not closed at once, and why: then it counts only which connection
   * carried which request, and that Holdfast's one is not still open when its own is closed.
   */
  readonly closesLate?: string;
  /** Whose cases it shares, of those that are for one system; its preset's without. */
  readonly casesOf?: string;
  /** The cases that it is for, by their names; all of them without. */
  readonly about?: RegExp;
  /** Set if requests go through an HTTP proxy, and whose its connections are. The proxy is the case's first server. */
  readonly proxied?: "shared" | "origin";
  /** Connections to one origin that it opens at most; what comes together then is no more, but for its own cases. */
  readonly widest?: number;
  /** Cases at a time, where they share a pool of limited size. */
  readonly atOnce?: number;
  /** `proxied`: through the case's first server. */
  start(cases: readonly Case[], proxied: boolean): Promise<Program | Missing>;
}
