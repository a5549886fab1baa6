/** Model: the data that the server has sent so far, and the current time by the server's clock. */

import type { RetireReason } from "../src/contract/reasons.ts";
import {
  type Bar,
  BUCKET_MS,
  type Bucket,
  HISTORY_MS,
  type LaneUpdate,
  MAX_LANES,
  type OriginRow,
  type StatusMessage,
  type Totals,
} from "../src/hono/status/protocol.ts";

/** The page shows the past: by then the data of the newest part of a lane has arrived. */
const DELAY_MS = 600;

/** One connection with all its bars. */
export interface Lane extends Omit<LaneUpdate, "bars"> {
  /** The oldest first. */
  readonly bars: Bar[];
}

/** Which lanes are shown, and in which order. */
export interface LaneFilter {
  readonly origin: string;
  readonly state: "" | "open" | LaneUpdate["state"];
  readonly order: "live" | "newest" | "oldest" | "requests" | "ended";
}

/** The data of one pool. */
export class Model {
  totals: Totals | undefined;
  origins: readonly OriginRow[] = [];
  originCount = 0;
  hidden = 0;
  readonly lanes: Map<number, Lane> = new Map();
  readonly history: Map<number, Bucket> = new Map();
  #serverNow = 0;
  #receivedAt = 0;
  #frozen: number | undefined;
  #chosen: Lane | undefined;

  /** The time at the right edge of the page, by the server's clock. */
  now(): number {
    return this.#frozen ?? this.#serverNow + performance.now() - this.#receivedAt - DELAY_MS;
  }

  /** Stops the time, or lets it go on. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen ? this.now() : undefined;
  }

  /** The lane that the user has chosen. It is kept when it has ended and its place is needed: its reason is wanted just then. */
  get chosen(): Lane | undefined {
    return this.#chosen;
  }

  choose(id: number | undefined): void {
    this.#chosen = id === undefined ? undefined : this.lanes.get(id);
  }

  /** How far back the oldest of these lanes goes, of what the history has. */
  reach(lanes: readonly Lane[]): number {
    const oldest = lanes.reduce((least, { openedAt }) => Math.min(least, openedAt), Infinity);
    return Math.min(HISTORY_MS, this.now() - oldest);
  }

  /** Adds the data of a message. A snapshot replaces all data. */
  apply(message: StatusMessage, isSnapshot: boolean): void {
    if (isSnapshot) {
      this.lanes.clear();
      this.history.clear();
    }
    this.#serverNow = message.now;
    this.#receivedAt = performance.now();
    this.totals = message.totals;
    this.hidden = message.hidden;
    this.origins = message.origins ?? this.origins;
    this.originCount = message.originCount ?? this.originCount;
    for (const frame of message.lanes) this.#lane(frame);
    for (const bucket of message.history) this.history.set(bucket.at, bucket);
    this.#dropOld(message.now);
  }

  /** The lanes that pass the filter, in its order. */
  select({ origin, state, order }: LaneFilter): Lane[] {
    const found: Lane[] = [];
    for (const lane of this.lanes.values()) {
      const fits = state === "" || lane.state === state || (state === "open" && lane.state !== "retired");
      if (fits && (origin === "" || lane.origin === origin)) found.push(lane);
    }
    return found.sort(ORDERS[order]);
  }

  /** How many connections were retired within the history, by reason. */
  recentlyRetired(): Map<RetireReason, number> {
    const counts = new Map<RetireReason, number>();
    for (const { retired } of this.history.values()) {
      for (const [reason, count] of Object.entries(retired) as [RetireReason, number][]) {
        counts.set(reason, (counts.get(reason) ?? 0) + count);
      }
    }
    return counts;
  }

  #lane(frame: LaneUpdate): void {
    const bars = this.lanes.get(frame.id)?.bars ?? [];
    for (const bar of frame.bars) putBar(bars, bar);
    const lane = { ...frame, bars };
    this.lanes.set(frame.id, lane);
    if (this.#chosen?.id === frame.id) this.#chosen = lane;
  }

  /** Drops old data, by the same limits as the server. */
  #dropOld(now: number): void {
    const oldest = Math.floor((now - HISTORY_MS) / BUCKET_MS);
    for (const at of this.history.keys()) if (at < oldest) this.history.delete(at);
    const ended: Lane[] = [];
    for (const lane of this.lanes.values()) {
      while (lane.bars[0] !== undefined && isOver(lane.bars[0], now)) lane.bars.shift();
      if (lane.end !== undefined) ended.push(lane);
    }
    ended.sort((a, b) => endOf(a) - endOf(b));
    for (const lane of ended) {
      if (this.lanes.size <= MAX_LANES && now - endOf(lane) < HISTORY_MS) break;
      this.lanes.delete(lane.id);
    }
  }
}

const ORDERS: Readonly<Record<LaneFilter["order"], (a: Lane, b: Lane) => number>> = {
  // Those that are open stay in their place, and new ones come after them. Then those that ended, the last first.
  live: (a, b) =>
    Number(a.end !== undefined) - Number(b.end !== undefined) || endOf(b) - endOf(a) || a.id - b.id,
  newest: (a, b) => b.id - a.id,
  oldest: (a, b) => a.id - b.id,
  requests: (a, b) => b.requests - a.requests || a.id - b.id,
  ended: (a, b) => endOf(b) - endOf(a) || b.id - a.id,
};

function endOf({ end }: Lane): number {
  return end?.[0] ?? -Infinity;
}

function isOver([, , end]: Bar, now: number): boolean {
  return end >= 0 && now - end > HISTORY_MS;
}

/** Adds a bar. The server sends a bar again when it has changed. */
function putBar(bars: Bar[], bar: Bar): void {
  const at = bars.findLastIndex(([number]) => number <= bar[0]);
  if (bars[at]?.[0] === bar[0]) bars[at] = bar;
  else bars.splice(at + 1, 0, bar);
}
