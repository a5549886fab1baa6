/**
 * Tracks inbound connections: asks the rules about each response, announces their answer and has the server act on it.
 */

import type { Clock } from "../contract/clock.ts";
import type { RetireReason } from "../contract/reasons.ts";
import { parseKeepAlive } from "../rules/hints.ts";
import { parseConnection } from "../rules/persistence.ts";
import {
  type Announcement,
  lastResponseReason,
  nameTimeout,
  realIdleMs,
  requestsLeft,
} from "../rules/server-side.ts";
import { expiry } from "../rules/verdict.ts";
import { ConnectionTable, type InboundConnection, newInboundConnection } from "./connection-table.ts";
import {
  ENVIRONMENT_MISSING,
  enforcementLimited,
  type KeepAliveEvent,
  type KeepAliveListener,
} from "./keep-alive-events.ts";
import type { KeepAlivePolicy } from "./keep-alive-rules.ts";
import type { ResponseFields, ServerAdapter, ServerKind } from "./server-adapter.ts";

/** What a tracker needs besides the rules. */
export interface TrackerSettings {
  readonly maxTracked: number;
  readonly onEvent: KeepAliveListener;
  readonly clock: Clock;
  readonly random: () => number;
}

/** One request on its connection. */
export interface TrackedRequest {
  readonly adapter: ServerAdapter;
  readonly record: InboundConnection;
  readonly requestNumber: number;
  readonly ageMs: number;
  /** `beforeResponse()` was called for it. */
  answered: boolean;
}

/** Bun closes idle connections up to 8 s late, so entries are kept for at least that much longer. */
const LATE_CLOSE_MS = 9000;

/** Tracks the connections of one `keepAlive()` or `keepAliveServer()`. */
export class ConnectionTracker {
  readonly #policy: KeepAlivePolicy;
  readonly #settings: TrackerSettings;
  readonly #bySocket: WeakMap<object, InboundConnection> = new WeakMap();
  readonly #byAddress: ConnectionTable;
  /** HTTP/2 connections that are open, with what ends each. */
  readonly #sessions: Map<object, () => void> = new Map();
  #isDraining = false;
  readonly #reported: Set<ServerKind> = new Set();
  #isMissingReported = false;

  constructor(policy: KeepAlivePolicy, settings: TrackerSettings) {
    this.#policy = policy;
    this.#settings = settings;
    this.#byAddress = new ConnectionTable(settings.maxTracked);
  }

  /** Reports, once per kind of server, what it cannot do. */
  reportLimits(server: ServerKind): void {
    if (this.#reported.has(server)) return;
    this.#reported.add(server);
    const limited = enforcementLimited(server);
    if (limited !== undefined) this.#emit(limited);
  }

  /** Reports, once, that a request came without its server's environment. */
  reportMissingEnvironment(): void {
    if (this.#isMissingReported) return;
    this.#isMissingReported = true;
    this.#emit(ENVIRONMENT_MISSING);
  }

  /** From now on each response is the last on its connection. HTTP/2 connections get their GOAWAY at once. */
  drain(): void {
    this.#isDraining = true;
    for (const end of [...this.#sessions.values()]) end();
  }

  /**
   * Registers a request. Returns `undefined` if it must not be executed, because the last response was decided. That is a
   * rule of HTTP/1: over HTTP/2 the server itself takes none after its GOAWAY.
   */
  requestStarted(adapter: ServerAdapter): TrackedRequest | undefined {
    this.reportLimits(adapter.server);
    const now = this.#settings.clock.now();
    const record = this.#record(adapter.key, now);
    const isSpent = record.closing || record.requests >= this.#policy.rules.maxRequests;
    if (isSpent && adapter.goaway === undefined) return undefined;
    record.requests += 1;
    record.activeRequests += 1;
    record.lastSeenAt = now;
    adapter.requestStarted(() => {
      record.activeRequests -= 1;
    });
    if (record.requests === 1) this.#remember(adapter, record);
    const ageMs = now - record.openedAt;
    const request = { adapter, record, requestNumber: record.requests, ageMs, answered: false };
    // HTTP/2 need not wait for a response. The sooner the client knows, the fewer requests come beyond the limit.
    const reason = adapter.goaway === undefined ? undefined : this.#reason(request);
    const isLast = reason !== undefined || (adapter.goaway !== undefined && this.#isDraining);
    if (isLast) this.#last(request, reason);
    return request;
  }

  /** Writes the announcement into a response. `headers` is `undefined` for a 101, which ends HTTP on the connection. */
  beforeResponse(
    request: TrackedRequest,
    asked: string | undefined,
    headers: ResponseFields | undefined,
  ): void {
    request.answered = true;
    if (headers === undefined) return this.#last(request, undefined);
    const { adapter } = request;
    const reason = this.#reason(request);
    const own = parseConnection(headers.get("connection") ?? "");
    const isLast = own.close || adapter.willClose || reason !== undefined || this.#mustDrain(request);
    const announcement = this.#announcement(request, asked, isLast);
    adapter.writeAnnouncement(headers, announcement);
    if (announcement.connection === "close") return this.#last(request, reason);
    const { keepAlive } = announcement;
    const announcedMs = keepAlive === undefined ? undefined : parseKeepAlive(keepAlive).timeoutMs;
    this.#closeWhenIdle(request, realIdleMs(this.#policy.rules.idleTimeoutMs, announcedMs));
  }

  /** The handler has returned or thrown. If nothing handled what it threw, the server answers by itself. */
  requestEnded(request: TrackedRequest): void {
    const { adapter, record, answered } = request;
    if (!answered) this.#closeWhenIdle(request, this.#policy.rules.idleTimeoutMs);
    record.lastSeenAt = this.#settings.clock.now();
    if (typeof adapter.key === "string") record.activeRequests -= 1;
  }

  /** As with any rule, only the newest request on a connection can be the last one. */
  #mustDrain({ record, requestNumber }: TrackedRequest): boolean {
    return this.#isDraining && record.requests === requestNumber;
  }

  #remember(adapter: ServerAdapter, record: InboundConnection): void {
    if (adapter.goaway === undefined || typeof adapter.key === "string") return;
    const { key } = adapter;
    this.#sessions.set(key, () => this.#last({ adapter, record }, undefined));
    adapter.whenClosed?.(() => this.#sessions.delete(key));
  }

  #closeWhenIdle({ adapter, record }: TrackedRequest, idleMs: number): void {
    adapter.closeWhenIdle(idleMs, () => record.activeRequests === 0 && !record.closing);
  }

  #record(key: object | string, now: number): InboundConnection {
    const found =
      typeof key === "object"
        ? this.#bySocket.get(key)
        : this.#byAddress.find(key, this.#policy.rules.idleTimeoutMs + LATE_CLOSE_MS, now);
    if (found !== undefined) return found;
    const record = newInboundConnection(now, expiry(this.#policy.rules, now, this.#settings.random()));
    if (typeof key === "object") this.#bySocket.set(key, record);
    else this.#byAddress.add(key, record);
    return record;
  }

  /**
   * Over HTTP/1 only the newest request can be the last one. Otherwise requests pipelined behind it would be lost.
   */
  #reason({ adapter, record, requestNumber }: TrackedRequest): RetireReason | undefined {
    if (adapter.goaway === undefined && record.requests !== requestNumber) return undefined;
    return lastResponseReason(record, this.#policy.rules, this.#settings.clock.now());
  }

  /**
   * The last response always says `close`, whatever the announcer returns: servers end the connection because of it.
   * Over HTTP/2 nothing is announced.
   */
  #announcement(
    { adapter, requestNumber }: TrackedRequest,
    asked: string | undefined,
    last: boolean,
  ): Announcement {
    if (adapter.goaway !== undefined) return last ? { connection: "close" } : {};
    const { rules, announce } = this.#policy;
    const announcement = announce({
      last,
      idleTimeoutMs: rules.idleTimeoutMs,
      remaining: requestsLeft(requestNumber, rules),
      maxRequests: rules.maxRequests,
      minorVersion: adapter.minorVersion,
      asked: parseConnection(asked ?? ""),
    });
    if (last) return { ...announcement, connection: "close" };
    return adapter.addsKeepAlive ? nameTimeout(announcement, rules.idleTimeoutMs) : announcement;
  }

  /** No later request on this connection is executed. Over HTTP/2 the adapter says so to the client. */
  #last(
    { adapter, record }: Pick<TrackedRequest, "adapter" | "record">,
    reason: RetireReason | undefined,
  ): void {
    if (record.closing) return;
    record.closing = true;
    adapter.goaway?.(() => record.activeRequests === 0);
    // A later request from this address and port comes on another connection.
    if (typeof adapter.key === "string") this.#byAddress.remove(adapter.key);
    if (reason === undefined) return;
    const { requests, openedAt } = record;
    const ageMs = this.#settings.clock.now() - openedAt;
    this.#emit({ type: "inbound.ended", server: adapter.server, reason, requests, ageMs });
  }

  #emit(event: KeepAliveEvent): void {
    try {
      this.#settings.onEvent(event);
    } catch {
      // A listener that fails must not fail the request.
    }
  }
}
