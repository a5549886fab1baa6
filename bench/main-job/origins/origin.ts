/** Origin: a server with one keep-alive habit, and what the rest of the program needs to know about it. */

import type { Seen } from "./ledger.ts";

/** The times that habits and schedule share. They are short for a short run. */
export interface Times {
  /** The idle limit of servers that announce none. */
  readonly idleLimitMs: number;
  /** The age from which a connection is ended with `Connection: close`. */
  readonly lifetimeMs: number;
}

/** The clock of an origin: the real one, except in a test. */
export interface Time {
  now(): number;
  schedule(delayMs: number, callback: () => void): { cancel(): void };
}

export const REAL_TIME: Time = {
  now: () => performance.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A pause between two bursts of requests. */
export interface Pause {
  readonly ms: number;
  /**
   * After the pause, blocks the client's event loop for this long, as a working program does. What the server does
   * meanwhile reaches the kernel, but not the program.
   */
  readonly blockMs?: number;
}

/** A running origin. */
export interface Origin {
  readonly port: number;
  /** Assigns what is seen from now on to this client. */
  turnTo(client: string): void;
  seen(client: string): Seen | Promise<Seen>;
  close(): void | Promise<void>;
  /** The process id of a program that must end with this one. */
  readonly pid?: number | undefined;
}

/** One keep-alive habit. */
export interface Habit {
  readonly name: string;
  /** A description in one line, for people. */
  about(times: Times): string;
  /** Pauses to try, in order. The schedule repeats them while there is time. */
  pauses(times: Times): readonly Pause[];
  /** How long it takes to answer, if that is long enough to plan with. */
  readonly answerMs?: number;
  /** The body sizes it can answer with, if limited. */
  readonly responseSizes?: readonly number[];
  /** Starts it on a free port. Returns `undefined` if what it needs is not installed. */
  start(times: Times, time?: Time): Promise<Origin | undefined>;
}
