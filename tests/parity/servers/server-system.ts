/** A server that the middleware is compared with, configured with short times. */

import type { Missing } from "../program.ts";

/** One configuration of a server. Each visit is to one of them. */
export type SetupName = "idle" | "announced" | "requests" | "lifetime";

export interface ServerSystem {
  /** The name of its preset: `presets[name]`. */
  readonly name: string;
  readonly title: string;
  /** The preset's directives for each setup of the server. */
  readonly setups: Readonly<Partial<Record<SetupName, Readonly<Record<string, string | number>>>>>;
  /** Starts the server. `idleMs` is the idle time of the setup `idle`. */
  start(idleMs?: number): Promise<RunningServer | Missing>;
}

export interface RunningServer {
  readonly version: string;
  readonly ports: Readonly<Partial<Record<SetupName, number>>>;
  close(): Promise<void>;
}

/** Idle time of every setup that tests the idle time. */
export const IDLE_MS = 2000;
/** Idle time of the setups that test the lifetime or the number of requests. */
export const LONG_IDLE_MS = 6000;
export const REQUESTS = 4;
export const LIFETIME_MS = 3000;
