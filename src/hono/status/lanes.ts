/**
 * Builds the lanes of the status page from a pool's events: for each connection its recent requests and its end. The
 * number of lanes and of bars per lane is bounded. A page that has been open for longer keeps more by itself.
 */

import type {
  ConnectionAcquired,
  ConnectionOpened,
  ConnectionRetired,
  PoolEvent,
} from "../../contract/events.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { WireProtocol } from "../../contract/wire-protocol.ts";
import { BAR_RESULTS, type Bar, type BarResult, HISTORY_MS, type LaneUpdate, MAX_LANES } from "./protocol.ts";

/** Requests with a smaller gap between them become one bar, because the page could not show the gap. */
const MERGE_GAP_MS = 100;

/** The longest bar that merging makes, so that one failure does not colour the whole lane of a busy connection. */
const MERGE_SPAN_MS = 1000;

/** The most bars kept per lane. A page gets them when it is opened. */
const MAX_BARS = 48;

/** The most requests whose result is still unknown. Pools run far fewer at once. */
const MAX_UNFINISHED = 100_000;

interface MutableBar {
  readonly number: number;
  readonly start: number;
  end: number;
  requests: number;
  /** The most requests that ran at once. */
  most: number;
  result: BarResult;
}

interface Lane {
  readonly id: number;
  readonly origin: string;
  readonly remoteAddress: string | undefined;
  readonly openedAt: number;
  readonly protocol: "h2" | undefined;
  state: LaneUpdate["state"];
  /** Requests that it carries now. */
  streams: number;
  requests: number;
  end: readonly [at: number, reason: RetireReason] | undefined;
  nextBar: number;
  readonly bars: MutableBar[];
  readonly changed: Set<MutableBar>;
}

/** A connection that was opened before the page was mounted. */
export interface OpenConnection {
  readonly id: number;
  readonly origin: string;
  readonly openedAt: number;
  readonly requests: number;
  /** Requests that it carries now. */
  readonly streams: number;
  readonly protocol: WireProtocol | undefined;
}

/** The lanes of one pool. */
export class Lanes {
  /** Open connections that have no lane, because there are too many. */
  readonly #hidden: Set<number> = new Set();
  readonly #open: Map<number, Lane> = new Map();
  /** Retired first comes first. */
  readonly #retired: Map<number, Lane> = new Map();
  readonly #changed: Set<Lane> = new Set();
  /** The bar of each request that has not ended. */
  readonly #unfinished: Map<number, { readonly lane: Lane; readonly bar: MutableBar }> = new Map();

  /** Number of open connections without a lane. */
  get hidden(): number {
    return this.#hidden.size;
  }

  /** Adds a connection that was opened before the page was mounted. */
  addOpen({ id, origin, openedAt, requests, streams, protocol }: OpenConnection, now: number): void {
    const lane = this.#add(laneOf({ id, origin, openedAt, requests, protocol }));
    if (lane === undefined || streams === 0) return;
    lane.streams = streams;
    this.#startBar(lane, now);
  }

  /** Applies an event. */
  record(event: PoolEvent, now: number): void {
    switch (event.type) {
      case "connection.opened":
        return this.#opened(event, now);
      case "connection.acquired":
        return this.#acquired(event, now);
      case "connection.released":
        return this.#released(event.connection, event.streams, now);
      case "connection.retired":
        return this.#retire(event, now);
      case "request.finished":
        return this.#requestEnded(
          event.request,
          event.status >= 100 && event.status < 400 ? BAR_RESULTS.answered : BAR_RESULTS.errorStatus,
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
    return [...this.#open.values(), ...this.#retired.values()].map((lane) => updateOf(lane, lane.bars));
  }

  /** Lanes and bars that changed since the previous call. */
  changes(now: number): LaneUpdate[] {
    this.#prune(now);
    const updates = [...this.#changed].map((lane) => updateOf(lane, lane.changed));
    for (const lane of this.#changed) lane.changed.clear();
    this.#changed.clear();
    return updates;
  }

  #opened({ connection, origin, remoteAddress, protocol }: ConnectionOpened, now: number): void {
    this.#add(laneOf({ id: connection, origin, remoteAddress, openedAt: now, requests: 0, protocol }));
  }

  #add(lane: Lane): Lane | undefined {
    const oldest = this.#retired.keys().next();
    if (this.#open.size + this.#retired.size >= MAX_LANES) {
      if (oldest.done === true) {
        this.#hidden.add(lane.id);
        return undefined;
      }
      this.#drop(oldest.value);
    }
    this.#open.set(lane.id, lane);
    this.#changed.add(lane);
    return lane;
  }

  #acquired({ connection, request }: ConnectionAcquired, now: number): void {
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.requests += 1;
    lane.streams += 1;
    const bar = this.#startBar(lane, now);
    if (this.#unfinished.size >= MAX_UNFINISHED) this.#unfinished.clear();
    this.#unfinished.set(request, { lane, bar });
  }

  #startBar(lane: Lane, now: number): MutableBar {
    lane.state = "active";
    const last = lane.bars.at(-1);
    if (last !== undefined && last.end < 0) {
      // It joins others. A connection that always carries some gets a new bar now and then.
      if (now - last.start < MERGE_SPAN_MS) return this.#joinBar(lane, last);
      last.end = now;
      this.#markChanged(lane, last);
      return this.#joinBar(lane, this.#newBar(lane, now));
    }
    const bar = last !== undefined && extendsBar(last, now) ? last : this.#newBar(lane, now);
    return this.#joinBar(lane, bar);
  }

  #joinBar(lane: Lane, bar: MutableBar): MutableBar {
    bar.requests += 1;
    bar.most = Math.max(bar.most, lane.streams);
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
      most: 1,
      result: BAR_RESULTS.running,
    };
    lane.nextBar += 1;
    lane.bars.push(bar);
    if (lane.bars.length > MAX_BARS) lane.bars.shift();
    return bar;
  }

  #released(connection: number, streams: number, now: number): void {
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.streams = streams;
    if (streams > 0) {
      this.#changed.add(lane);
      return;
    }
    lane.state = "idle";
    this.#endBar(lane, now);
  }

  #retire({ connection, reason }: ConnectionRetired, now: number): void {
    this.#hidden.delete(connection);
    const lane = this.#open.get(connection);
    if (lane === undefined) return;
    lane.state = "retired";
    lane.streams = 0;
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

  #requestEnded(request: number, result: BarResult): void {
    const unfinished = this.#unfinished.get(request);
    if (unfinished === undefined) return;
    this.#unfinished.delete(request);
    const { lane, bar } = unfinished;
    if (result <= bar.result) return;
    bar.result = result;
    this.#markChanged(lane, bar);
  }

  #markChanged(lane: Lane, bar: MutableBar): void {
    lane.changed.add(bar);
    // If no page is open, changes pile up. Bars that are no longer kept need not be sent.
    if (lane.changed.size > MAX_BARS) lane.changed.delete(first(lane.changed) ?? bar);
    this.#changed.add(lane);
  }

  /** Drops retired lanes that are older than the history. */
  #prune(now: number): void {
    for (const [id, { end }] of this.#retired) {
      if (end === undefined || now - end[0] < HISTORY_MS) return;
      this.#drop(id);
    }
  }

  #drop(id: number): void {
    const lane = this.#retired.get(id);
    this.#retired.delete(id);
    if (lane !== undefined) this.#changed.delete(lane);
  }
}

/** Whether a request that starts at `now` extends the given bar. */
function extendsBar({ start, end, result }: MutableBar, now: number): boolean {
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
  readonly protocol: WireProtocol | undefined;
};

function laneOf(connection: NewLane): Lane {
  const { id, origin, remoteAddress, openedAt, requests } = connection;
  const protocol = connection.protocol === "h2" ? "h2" : undefined;
  const empty = { streams: 0, end: undefined, nextBar: 0, bars: [], changed: new Set<MutableBar>() };
  return { id, origin, remoteAddress, openedAt, requests, protocol, state: "idle", ...empty };
}

function updateOf(lane: Lane, bars: Iterable<MutableBar>): LaneUpdate {
  const { id, origin, remoteAddress, openedAt, requests, state, end, protocol } = lane;
  const streams = lane.streams > 1 ? { streams: lane.streams } : undefined;
  const spoken = protocol === undefined ? undefined : { protocol };
  const when = { openedAt: Math.round(openedAt), requests, state };
  const facts = { id, origin, remoteAddress, ...when, ...streams, ...spoken };
  const update = { ...facts, bars: [...bars].map(barOf) };
  return end === undefined ? update : { ...update, end: [Math.round(end[0]), end[1]] };
}

function barOf({ number, start, end, requests, result, most }: MutableBar): Bar {
  const [from, to] = [Math.round(start), Math.round(end)];
  return most > 1 ? [number, from, to, requests, result, most] : [number, from, to, requests, result];
}
