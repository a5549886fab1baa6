/**
 * What the status page is told: the messages of `/events`, in short forms, for a thousand connections fit in one.
 * The page is built from its own sources and takes these types and limits from here.
 *
 * Nothing of a request goes in but when it ran and how it ended.
 */

import type { RetireReason } from "../../contract/reasons.ts";

/** How the requests of a bar went; the worst counts. */
export const BAR_RESULTS = {
  /** Not known yet. */
  running: 0,
  /** A status below 400. */
  answered: 1,
  /** A status of 400 or above. */
  refused: 2,
  /** No response, or not all of it. */
  failed: 3,
} as const;

/** One of {@linkcode BAR_RESULTS}. */
export type BarResult = (typeof BAR_RESULTS)[keyof typeof BAR_RESULTS];

/**
 * Requests that followed each other closely on one connection: number of the bar on its lane, start and end in ms of
 * {@linkcode StatusMessage.now} (the end is -1 while one is running), how many they were, and how they went.
 */
export type Bar = readonly [number: number, start: number, end: number, requests: number, outcome: BarResult];

/** One connection. */
export interface LaneUpdate {
  readonly id: number;
  readonly origin: string;
  readonly remoteAddress?: string | undefined;
  readonly openedAt: number;
  readonly requests: number;
  readonly state: "active" | "idle" | "retired";
  /** Those that are new or changed. */
  readonly bars: readonly Bar[];
  /** When and why it was retired. */
  readonly end?: readonly [at: number, reason: RetireReason];
}

/** Counts of one span of {@linkcode BUCKET_MS}. */
export interface Bucket {
  /** Number of the span: it begins at `at * BUCKET_MS`. */
  readonly at: number;
  /** Requests that got a connection. */
  readonly requests: number;
  /** Those that got one which had carried a request before. */
  readonly reused: number;
  readonly failed: number;
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
}

/** One origin, as its table shows it. */
export interface OriginRow {
  readonly origin: string;
  readonly open: number;
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
  readonly queued: number;
  readonly opened: number;
  readonly requests: number;
  readonly reused: number;
  readonly retries: number;
  readonly failures: number;
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
  /** The idle limits, for people: `"55s"`. */
  readonly configured: string;
  readonly announced: string | undefined;
  readonly learned: string | undefined;
}

/** Counts of the whole pool. */
export type Totals = Omit<OriginRow, "origin" | "configured" | "announced" | "learned">;

/** A message: `snapshot` has all, `update` what changed. */
export interface StatusMessage {
  /** Ms since the status page was mounted. */
  readonly now: number;
  readonly totals: Totals;
  /** The busiest origins; absent where they are those of the message before. */
  readonly origins?: readonly OriginRow[];
  /** How many origins there are. */
  readonly originCount?: number;
  readonly lanes: readonly LaneUpdate[];
  /** Open connections beyond {@linkcode MAX_LANES}, which have no lane. */
  readonly hidden: number;
  readonly history: readonly Bucket[];
}

/** How far back the page looks. */
export const HISTORY_MS = 300_000;

/** Width of a bucket of the history. */
export const BUCKET_MS = 2000;

/** Lanes, of open and of retired connections, that are kept. */
export const MAX_LANES = 2000;
