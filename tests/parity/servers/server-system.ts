/** Server system: a server that the middleware is held against, in short settings. */

import type { Missing } from "../program.ts";

/** One way to set a server up; visits are made to one of these. */
export type SetupName = "idle" | "announced" | "requests" | "lifetime";

export interface ServerSystem {
  /** The name of its preset: `presets[name]`. */
  readonly name: string;
  readonly title: string;
  /** The preset's directives for each setup that the server has. */
  readonly setups: Readonly<Partial<Record<SetupName, Readonly<Record<string, string | number>>>>>;
  /** `idleMs`: the idle time of the setup `idle`, if not the usual one. */
  start(idleMs?: number): Promise<RunningServer | Missing>;
}

export interface RunningServer {
  readonly version: string;
  readonly ports: Readonly<Partial<Record<SetupName, number>>>;
  close(): Promise<void>;
}

/** Idle time in every setup, except where the lifetime or the number of requests is the matter. */
export const IDLE_MS = 2000;
/** Idle time where something else is the matter. */
export const LONG_IDLE_MS = 6000;
export const REQUESTS = 4;
export const LIFETIME_MS = 3000;
