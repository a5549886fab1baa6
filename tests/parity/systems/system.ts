/** A system with a row in the parity table. */

import type { Missing, Program } from "../program.ts";
import type { Case, Tune } from "../schedule.ts";

export interface System {
  /** Its name for `--only`. */
  readonly name: string;
  /** The name of its preset, as in `presets.jdk()`. @default `name` */
  readonly preset?: string;
  /** Its name in the table. */
  readonly title: string;
  /** What it supports besides one GET after the other. */
  readonly can: readonly ("together" | "methods" | "origins")[];
  /** The settings that cases can change, with their names among the preset's directives. */
  readonly tunes?: Readonly<Partial<Record<keyof Tune, string>>>;
  /** Whether the preset takes the program's version. */
  readonly versioned?: true;
  /** Settings of the whole program, as directives of the preset. */
  readonly given?: Readonly<Record<string, string | number | boolean>>;
  /**
   * Why the system does not close retired connections at once, if so. Then only the connections of the requests are
   * compared, and that Holdfast closes each connection no later than the system.
   */
  readonly closesLate?: string;
  /** The system whose special cases it runs. @default its preset */
  readonly casesOf?: string;
  /** Matches the names of the cases that it runs. @default all */
  readonly about?: RegExp;
  /** How proxy connections are pooled, if requests go through an HTTP proxy. The proxy is the case's first server. */
  readonly proxied?: "shared" | "origin";
  /** Its limit of connections to one origin. Cases with more parallel requests are not run, except its own. */
  readonly widest?: number;
  /** Cases at a time, if they share a pool of limited size. */
  readonly atOnce?: number;
  /** Starts the program. `proxied`: requests go through the case's first server. */
  start(cases: readonly Case[], proxied: boolean): Promise<Program | Missing>;
}
