/** Origin: a server with one keep-alive habit, and what the rest of the program needs to know of it. */

import type { Seen } from "./ledger.ts";

/** The lengths of time that habits and schedule share: short ones for a short run. */
export interface Times {
  /** Idle time after which the servers without an announcement give a connection up. */
  readonly idleLimitMs: number;
  /** Age from which a connection is ended with `Connection: close`. */
  readonly lifetimeMs: number;
}

/** The time that an origin goes by: the real one, but for a test that moves it by hand. */
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

/** A rest between two bursts of requests. */
export interface Pause {
  readonly ms: number;
  /**
   * After that, keeps the client's event loop busy for this long, as a program does that works. What the server
   * does meanwhile reaches the kernel but not the program.
   */
  readonly blockMs?: number;
}

/** A running origin. */
export interface Origin {
  readonly port: number;
  /** From now on what is seen belongs to this client. */
  turnTo(client: string): void;
  seen(client: string): Seen | Promise<Seen>;
  close(): void | Promise<void>;
  /** Of a program that must not outlive us. */
  readonly pid?: number | undefined;
}

/** One keep-alive habit. */
export interface Habit {
  readonly name: string;
  /** One line for people. */
  about(times: Times): string;
  /** Pauses worth trying on it, in order; the schedule repeats them while there is time. */
  pauses(times: Times): readonly Pause[];
  /** How long it takes over an answer, if that is long enough to plan with. */
  readonly answerMs?: number;
  /** Body sizes it can answer with, if not any. */
  readonly responseSizes?: readonly number[];
  /** Starts it on a port of its own; `undefined` if what it needs is not installed. */
  start(times: Times, time?: Time): Promise<Origin | undefined>;
}
