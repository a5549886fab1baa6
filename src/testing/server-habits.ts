/** Habits: how a server treats its connections, whether in memory, on a real port or in a simulation. */

import { type Duration, toMs } from "../contract/duration.ts";
import { refuseUnknown, show } from "../options/checks.ts";

/** How a server treats its connections. Everything is optional; a server without habits keeps connections for ever. */
export interface ServerHabits {
  /** An idle connection is closed after this time. @default Infinity */
  readonly idleTimeout?: Duration;
  /** The last of so many requests is answered with `Connection: close`. @default Infinity */
  readonly maxRequests?: number;
  /** A connection of this age is closed when it is idle. @default Infinity */
  readonly maxLifetime?: Duration;
  /** Whether `Keep-Alive: timeout` says what `idleTimeout` is. @default false */
  readonly announce?: boolean;
  /** What is over is not closed but forgotten, as by a NAT gateway: requests on it get no answer. @default false */
  readonly silent?: boolean;
  /** Time to the response. @default 0 */
  readonly responseTime?: Duration;
}

/** The same as numbers. */
export interface Habits {
  readonly idleMs: number;
  readonly maxRequests: number;
  readonly lifetimeMs: number;
  readonly announce: boolean;
  readonly silent: boolean;
  readonly responseMs: number;
}

const KNOWN: Readonly<Record<keyof ServerHabits, true>> = {
  idleTimeout: true,
  maxRequests: true,
  maxLifetime: true,
  announce: true,
  silent: true,
  responseTime: true,
};

/** @throws {TypeError | RangeError} for an unknown habit, or one that cannot be. */
export function habitsOf(given: ServerHabits, name = "server"): Habits {
  refuseUnknown(given, KNOWN, `habit of ${name}`);
  const { idleTimeout = Infinity, maxRequests = Infinity, maxLifetime = Infinity } = given;
  const { announce = false, silent = false, responseTime = 0 } = given;
  if (maxRequests !== Infinity && (!Number.isInteger(maxRequests) || maxRequests < 1))
    throw new RangeError(`maxRequests of ${name} must be a whole number from 1: got ${show(maxRequests)}`);
  return {
    idleMs: toMs(idleTimeout, `idleTimeout of ${name}`),
    maxRequests,
    lifetimeMs: toMs(maxLifetime, `maxLifetime of ${name}`),
    announce,
    silent,
    responseMs: toMs(responseTime, `responseTime of ${name}`),
  };
}
