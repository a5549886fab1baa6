/**
 * The messages of `/events`. They are compact, because one message may describe a thousand connections. The page is
 * built from `status-page/` and imports these types and limits.
 *
 * Of a request they contain only when it ran and how it ended.
 */

import type { RetireReason } from "../../contract/reasons.ts";

/** How the requests of a bar ended. The worst result counts. */
export const BAR_RESULTS = {
  /** Not known yet. */
  running: 0,
  /** A status below 400. */
  answered: 1,
  /** A status of 400 or above. */
  errorStatus: 2,
  /** No response, or only a part of it. */
  failed: 3,
} as const;

/** One of {@linkcode BAR_RESULTS}. */
export type BarResult = (typeof BAR_RESULTS)[keyof typeof BAR_RESULTS];

/**
 * One bar of a lane: requests that followed each other closely on one connection. The values are the bar's number on
 * its lane, start and end in ms of {@linkcode StatusMessage.now} (the end is -1 while a request runs), the number of
 * requests, their result, and the most of them that ran at once, if that was more than one (HTTP/2).
 */
export type Bar = readonly [
  number: number,
  start: number,
  end: number,
  requests: number,
  result: BarResult,
  most?: number,
];

/** One lane: a connection's row in the page's timeline. */
export interface LaneUpdate {
  readonly id: number;
  readonly origin: string;
  readonly remoteAddress?: string | undefined;
  readonly openedAt: number;
  readonly requests: number;
  readonly state: "active" | "idle" | "retired";
  /** Requests that it carries now, if they are several (HTTP/2). */
  readonly streams?: number | undefined;
  /** What it speaks, if not HTTP/1.1. */
  readonly protocol?: "h2" | undefined;
  /** Bars that are new or changed. */
  readonly bars: readonly Bar[];
  /** When and why the connection was retired. */
  readonly end?: readonly [at: number, reason: RetireReason];
}

/** Counts of one span of {@linkcode BUCKET_MS}. */
export interface Bucket {
  /** Number of the bucket. It begins at `at * BUCKET_MS`. */
  readonly at: number;
  /** Requests that acquired a connection. */
  readonly requests: number;
  /** Of these, requests that acquired a reused connection. */
  readonly reused: number;
  readonly failed: number;
  /** Requests that were sent again, each time. */
  readonly retried: number;
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
}

/** One origin's row in the table of origins. */
export interface OriginRow {
  readonly origin: string;
  readonly open: number;
  readonly active: number;
  readonly idle: number;
  readonly connecting: number;
  readonly streams: number;
  readonly queued: number;
  readonly opened: number;
  readonly requests: number;
  readonly reused: number;
  readonly retries: number;
  readonly failures: number;
  readonly retired: Readonly<Partial<Record<RetireReason, number>>>;
  /** The idle limits as text: `"55s"`. */
  readonly configured: string;
  readonly announced: string | undefined;
  readonly learned: string | undefined;
}

/** Counts of the whole pool. */
export type Totals = Omit<OriginRow, "origin" | "configured" | "announced" | "learned">;

/** The data of both events: a `snapshot` has everything, an `update` has what changed. */
export interface StatusMessage {
  /** Ms since the status page was mounted. */
  readonly now: number;
  readonly totals: Totals;
  /** The busiest origins. Absent if nothing new is known since the previous message. */
  readonly origins?: readonly OriginRow[];
  /** Number of origins, including those that are not listed. */
  readonly originCount?: number;
  readonly lanes: readonly LaneUpdate[];
  /** Open connections that have no lane, because there are more than {@linkcode MAX_LANES}. */
  readonly hidden: number;
  readonly history: readonly Bucket[];
}

/** How much of the past the page shows. */
export const HISTORY_MS = 300_000;

/** Length of a bucket of the history. */
export const BUCKET_MS = 2000;

/** The most lanes that are kept, for open and retired connections together. */
export const MAX_LANES = 2000;
