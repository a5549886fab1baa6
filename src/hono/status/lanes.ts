/**
 * Lanes: the recent past of each connection, from the pool's events. Bounded in lanes and in bars per lane; a page
 * that has been watching for longer remembers more by itself.
 */

import type {
  ConnectionAcquired,
  ConnectionOpened,
  ConnectionRetired,
  PoolEvent,
} from "../../contract/events.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import { BAR_RESULTS, type Bar, type BarResult, HISTORY_MS, type LaneUpdate, MAX_LANES } from "./protocol.ts";

/** Requests closer than this are one bar: the page could not show the gap. */
const MERGE_GAP_MS = 100;

/** A bar gets no longer by merging, so that one failure does not colour a busy connection's whole lane. */
const MERGE_SPAN_MS = 1000;

/** Bars of one lane that a page which has just been opened gets. */
const MAX_BARS = 48;

/** Requests whose outcome is awaited; far above what a pool runs at once. */
const MAX_UNFINISHED = 100_000;

interface MutableBar {
  readonly number: number;
  readonly start: number;
  end: number;
  requests: number;
  result: BarResult;
}

interface Lane {
  readonly id: number;
  readonly origin: string;
  readonly remoteAddress: string | undefined;
  readonly openedAt: number;
  state: LaneUpdate["state"];
  requests: number;
  end: readonly [at: number, reason: RetireReason] | undefined;
  nextBar: number;
  readonly bars: MutableBar[];
  readonly changed: Set<MutableBar>;
}

/** A connection that was open before. */
export interface OpenConnection {
  readonly id: number;
  readonly origin: string;
  readonly openedAt: number;
  readonly requests: number;
  readonly active: boolean;
}

/** The lanes of a pool. */
export class Lanes {
  /** Open connections that have no lane, because there are too many. */
  readonly #hidden: Set<number> = new Set();
  readonly #open: Map<number, Lane> = new Map();
  /** The oldest end first. */
  readonly #retired: Map<number, Lane> = new Map();
  readonly #changed: Set<Lane> = new Set();
  /** The bar of each request that is not over. */
  readonly #unfinished: Map<number, { readonly lane: Lane; readonly bar: MutableBar }> = new Map();

  get hidden(): number {
    return this.#hidden.size;
  }

  addOpen({ id, origin, openedAt, requests, active }: OpenConnection, now: number): void {
    const lane = this.#add(laneOf({ id, origin, openedAt, requests }));
    if (lane !== undefined && active) this.#startBar(lane, now);
  }

  record(event: PoolEvent, now: number): void {
    switch (event.type) {
      case "connection.opened":
        return this.#opened(event, now);
      case "connection.acquired":
        return this.#acquired(event, now);
      case "connection.released":
        return this.#released(event.connection, now);
      case "connection.retired":
        return this.#retire(event, now);
      case "request.finished":
        return this.#requestEnded(
          event.request,
          event.status < 400 ? BAR_RESULTS.answered : BAR_RESULTS.refused,
        );
      case "request.failed":
      case "request.retried":
        return this.#requestEnded(event.request, BAR_RESULTS.failed);
      default:
    }
  }

  /** Every lane, with all its bars. */
  snapshot(now: number): LaneUpdate[] {
    this.#prune(now);
    return [...this.#open.values(), ...this.#retired.values()].map((lane) => frameOf(lane, lane.bars));
  }

  /** What changed since the last time. */
  changes(now: number): LaneUpdate[] {
    this.#prune(now);
    const frames = [...this.#changed].map((lane) => frameOf(lane, lane.changed));
    for (const lane of this.#changed) lane.changed.clear();
    this.#changed.clear();
    return frames;
  }

  #opened({ connection, origin, remoteAddress }: ConnectionOpened, now: number): void {
    this.#add(laneOf({ id: connection, origin, remoteAddress, openedAt: now, requests: 0 }));
  }

  #add(lane: Lane): Lane | undefined {
    const oldest = this.#retired.keys().next();
    if (this.#open.size + this.#retired.size >= MAX_LANES) {
      if (oldest.done === true) {
        this.#hidden.add(lane.id);
        return undefined;
      }
      this.#forget(oldest.value);
    }
    this.#open.set(lane.id, lane);
    this.#changed.add(lane);
    return lane;
  }

  #acquired({ connection, request }: ConnectionAcquired, now: number): void {
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.requests += 1;
    const bar = this.#startBar(lane, now);
    if (this.#unfinished.size >= MAX_UNFINISHED) this.#unfinished.clear();
    this.#unfinished.set(request, { lane, bar });
  }

  #startBar(lane: Lane, now: number): MutableBar {
    lane.state = "active";
    const last = lane.bars.at(-1);
    const bar = last !== undefined && joins(last, now) ? last : this.#newBar(lane, now);
    bar.requests += 1;
    bar.end = -1;
    this.#markChanged(lane, bar);
    return bar;
  }

  #newBar(lane: Lane, now: number): MutableBar {
    const bar: MutableBar = {
      number: lane.nextBar,
      start: now,
      end: -1,
      requests: 0,
      result: BAR_RESULTS.running,
    };
    lane.nextBar += 1;
    lane.bars.push(bar);
    if (lane.bars.length > MAX_BARS) lane.bars.shift();
    return bar;
  }

  #released(connection: number, now: number): void {
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.state = "idle";
    this.#endBar(lane, now);
  }

  #retire({ connection, reason }: ConnectionRetired, now: number): void {
    this.#hidden.delete(connection);
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.state = "retired";
    lane.end = [now, reason];
    this.#endBar(lane, now);
    this.#open.delete(connection);
    this.#retired.set(connection, lane);
  }

  #endBar(lane: Lane, now: number): void {
    this.#changed.add(lane);
    const last = lane.bars.at(-1);
    if (last === undefined || last.end >= 0) return;
    last.end = now;
    this.#markChanged(lane, last);
  }

  #requestEnded(request: number, outcome: BarResult): void {
    const awaited = this.#unfinished.get(request);
    if (awaited === undefined) return;
    this.#unfinished.delete(request);
    const { lane, bar } = awaited;
    if (outcome <= bar.result) return;
    bar.result = outcome;
    this.#markChanged(lane, bar);
  }

  #markChanged(lane: Lane, bar: MutableBar): void {
    lane.changed.add(bar);
    // Nobody may be looking: what is no longer kept need not be told.
    if (lane.changed.size > MAX_BARS) lane.changed.delete(first(lane.changed) ?? bar);
    this.#changed.add(lane);
  }

  /** Lanes that the page no longer shows. */
  #prune(now: number): void {
    for (const [id, { end }] of this.#retired) {
      if (end === undefined || now - end[0] < HISTORY_MS) return;
      this.#forget(id);
    }
  }

  #forget(id: number): void {
    const lane = this.#retired.get(id);
    this.#retired.delete(id);
    if (lane !== undefined) this.#changed.delete(lane);
  }
}

/** Whether a request that begins at `now` is shown as part of the bar before it. */
function joins({ start, end, result }: MutableBar, now: number): boolean {
  return (
    result <= BAR_RESULTS.answered && end >= 0 && now - end < MERGE_GAP_MS && now - start < MERGE_SPAN_MS
  );
}

function first<T>(values: Iterable<T>): T | undefined {
  for (const value of values) return value;
  return undefined;
}

type NewLane = Pick<Lane, "id" | "origin" | "openedAt" | "requests"> & {
  readonly remoteAddress?: string | undefined;
};

function laneOf(known: NewLane): Lane {
  const { id, origin, remoteAddress, openedAt, requests } = known;
  const past = { end: undefined, nextBar: 0, bars: [], changed: new Set<MutableBar>() };
  return { id, origin, remoteAddress, openedAt, requests, state: "idle", ...past };
}

function frameOf(lane: Lane, bars: Iterable<MutableBar>): LaneUpdate {
  const { id, origin, remoteAddress, openedAt, requests, state, end } = lane;
  const about = { id, origin, remoteAddress, openedAt: Math.round(openedAt), requests, state };
  const shown = { ...about, bars: [...bars].map(barOf) };
  return end === undefined ? shown : { ...shown, end: [Math.round(end[0]), end[1]] };
}

function barOf({ number, start, end, requests, result }: MutableBar): Bar {
  return [number, Math.round(start), Math.round(end), requests, result];
}
