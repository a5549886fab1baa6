/**
 * Limit store: what was learned of one origin, and the interface of a store that keeps it beyond the process or shares it in
 * a fleet. The conclusions are drawn in `src/rules/learned-limit.ts` and `src/rules/learned-requests.ts`.
 */

import type { WireProtocol } from "./wire-protocol.ts";

/** An idle connection that the server closed. */
export interface SeenClose {
  /** How long it had been idle, in ms. The server's limit is no longer than that. */
  readonly idleMs: number;
  /** When it was seen, in ms. */
  readonly at: number;
  /**
   * `true`: the close was seen as it happened, on an unused connection. `false`: a request found the connection closed,
   * so the close happened at some unknown time before. Such a close bounds the limit but proves nothing below it.
   */
  readonly watched: boolean;
  /** Not confirmed yet by a second close at the same age. */
  readonly doubted: boolean;
  /** Nobody closed it: it had died without a word, and a request found that it gave no answer. */
  readonly silent?: true | undefined;
  /** With `silent`: the longest idle age below it at which reuse is known to have worked, in ms. */
  readonly livedMs?: number | undefined;
}

/** A number of requests at which the server ended connections by GOAWAY (HTTP/2). */
export interface SeenGoaway {
  /** Which request it came with: the number of requests that the connection had taken. */
  readonly requests: number;
  /** When it was seen last. */
  readonly at: number;
  /** How often it was seen. GOAWAYs of one moment count once. */
  readonly times: number;
  /** Connections in a row that carried as many requests without a GOAWAY. */
  readonly missed: number;
}

/** What is remembered of one origin. All times are of the same clock; a store keeps them as wall-clock times. */
export interface LimitMemory {
  /** The last few closes, the oldest first. */
  readonly closes: readonly SeenClose[];
  /** The longest idle age, in ms, at which reuse worked recently; 0 for none. */
  readonly workedMs: number;
  /** When that was, in ms. */
  readonly workedAt: number;
  /** Closes up to this time belong to a burst and prove nothing. */
  readonly burstUntil: number;
  /** Numbers of requests at which GOAWAY came, the one that was seen last at the end. */
  readonly goaways?: readonly SeenGoaway[] | undefined;
  /** GOAWAYs up to this time, on connections that were open before, belong to a burst and prove nothing. */
  readonly goawayBurstUntil?: number | undefined;
  /** What the latest connection spoke, if the origin might have spoken something else. */
  readonly protocol?: WireProtocol | undefined;
}

/** A key-value store for learned limits, such as `unstorage`, a `Map` or a database table. */
export interface LimitStore {
  /** The value last set for the origin, or nothing. */
  get(origin: string): StoredLimit | null | undefined | Promise<StoredLimit | null | undefined>;
  /** Keeps a value, which is plain JSON. */
  set(origin: string, value: StoredLimit): unknown;
}

/** What a store keeps of one origin. Times are wall-clock milliseconds. Values of older releases lack what is optional. */
export interface StoredLimit extends LimitMemory {
  /** Version of this format. */
  readonly version: 1;
}
