/** Model: what the server has told so far, and the time by its clock. */

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

/** Shown this much late, so that the newest part of a lane is complete when it appears. */
const DELAY_MS = 600;

/** One connection. */
export interface Lane extends Omit<LaneUpdate, "bars"> {
  /** The oldest first. */
  readonly bars: Bar[];
}

/** Which lanes are shown, and in which order. */
export interface Choice {
  readonly origin: string;
  readonly state: "" | "open" | LaneUpdate["state"];
  readonly order: "newest" | "oldest" | "requests" | "ended";
}

/** All that is known of the pool. */
export class Model {
  totals: Totals | undefined;
  origins: readonly OriginRow[] = [];
  originCount = 0;
  hidden = 0;
  readonly lanes: Map<number, Lane> = new Map();
  readonly history: Map<number, Bucket> = new Map();
  #toldNow = 0;
  #toldAt = 0;
  #frozen: number | undefined;

  /** The server's time, as it is shown. */
  now(): number {
    return this.#frozen ?? this.#toldNow + performance.now() - this.#toldAt - DELAY_MS;
  }

  /** Has time stand still, or go on. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen ? this.now() : undefined;
  }

  /** Takes a message in. A snapshot replaces what was there. */
  told(message: StatusMessage, isSnapshot: boolean): void {
    if (isSnapshot) {
      this.lanes.clear();
      this.history.clear();
    }
    this.#toldNow = message.now;
    this.#toldAt = performance.now();
    this.totals = message.totals;
    this.hidden = message.hidden;
    this.origins = message.origins ?? this.origins;
    this.originCount = message.originCount ?? this.originCount;
    for (const frame of message.lanes) this.#lane(frame);
    for (const bucket of message.history) this.history.set(bucket.at, bucket);
    this.#forget(message.now);
  }

  /** The lanes that were chosen, in order. */
  chosen({ origin, state, order }: Choice): Lane[] {
    const found: Lane[] = [];
    for (const lane of this.lanes.values()) {
      const fits = state === "" || lane.state === state || (state === "open" && lane.state !== "retired");
      if (fits && (origin === "" || lane.origin === origin)) found.push(lane);
    }
    return found.sort(ORDERS[order]);
  }

  /** Connections retired within the history, by reason. */
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
    this.lanes.set(frame.id, { ...frame, bars });
  }

  /** The same bounds as the server's. */
  #forget(now: number): void {
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

const ORDERS: Readonly<Record<Choice["order"], (a: Lane, b: Lane) => number>> = {
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

/** A bar that was told before is told again when it has changed. */
function putBar(bars: Bar[], bar: Bar): void {
  const at = bars.findLastIndex(([number]) => number <= bar[0]);
  if (bars[at]?.[0] === bar[0]) bars[at] = bar;
  else bars.splice(at + 1, 0, bar);
}
