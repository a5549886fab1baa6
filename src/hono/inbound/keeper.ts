/** Inbound keeper: follows inbound connections, asks the rule book about each response, and says and does the answer. */

import type { Clock } from "../../contract/clock.ts";
import type { RetireReason } from "../../contract/reasons.ts";
import type { Announcement } from "../../rules/announce.ts";
import { parseConnection, parseKeepAlive } from "../../rules/hints.ts";
import { lastResponseReason, nameTimeout, realIdleMs, requestsLeft } from "../../rules/serve.ts";
import { expiry } from "../../rules/verdict.ts";
import { ConnectionTable } from "./connection-table.ts";
import { type InboundConnection, newInboundConnection } from "./inbound-connection.ts";
import {
  ENVIRONMENT_MISSING,
  enforcementLimited,
  type KeepAliveEvent,
  type KeepAliveListener,
} from "./keep-alive-events.ts";
import type { ServerAdapter, ServerKind } from "./server.ts";
import type { ServerRules } from "./server-rules.ts";

/** What a keeper needs beside the rules. */
export interface KeeperSettings {
  readonly maxTracked: number;
  readonly onEvent: KeepAliveListener;
  readonly clock: Clock;
  readonly random: () => number;
}

/** One request on its connection. */
export interface InboundRequest {
  readonly inbound: ServerAdapter;
  readonly record: InboundConnection;
  readonly requestNumber: number;
  readonly ageMs: number;
  /** Its response was decided on. */
  answered: boolean;
}

/** Bun closes idle connections up to 8 s late. */
const COARSE_TIMER_MS = 9000;

/** Follows the connections of one `keepAlive()`. */
export class InboundKeeper {
  readonly #given: ServerRules;
  readonly #settings: KeeperSettings;
  readonly #bySocket: WeakMap<object, InboundConnection> = new WeakMap();
  readonly #byAddress: ConnectionTable;
  readonly #met: Set<ServerKind> = new Set();
  #missed = false;

  constructor(given: ServerRules, settings: KeeperSettings) {
    this.#given = given;
    this.#settings = settings;
    this.#byAddress = new ConnectionTable(settings.maxTracked);
  }

  /** Says once per server what it cannot do. */
  meet(server: ServerKind): void {
    if (this.#met.has(server)) return;
    this.#met.add(server);
    const limited = enforcementLimited(server);
    if (limited !== undefined) this.#tell(limited);
  }

  /** Says once that a request came with nothing of its server's. */
  missEnvironment(): void {
    if (this.#missed) return;
    this.#missed = true;
    this.#tell(ENVIRONMENT_MISSING);
  }

  /** A request came; `undefined` if it must not be executed, because the last response has been decided on. */
  enter(inbound: ServerAdapter): InboundRequest | undefined {
    this.meet(inbound.server);
    const now = this.#settings.clock.now();
    const record = this.#record(inbound.key, now);
    if (record.closing || record.requests >= this.#given.rules.maxRequests) return undefined;
    record.requests += 1;
    record.running += 1;
    record.seenAt = now;
    inbound.begin(() => {
      record.running -= 1;
    });
    return { inbound, record, requestNumber: record.requests, ageMs: now - record.openedAt, answered: false };
  }

  /** A response is about to be sent; `headers` is `undefined` for one that ends HTTP on the connection. */
  answer(request: InboundRequest, asked: string | undefined, headers: Headers | undefined): void {
    request.answered = true;
    if (headers === undefined) return this.#end(request, undefined);
    const { inbound } = request;
    const reason = this.#reason(request);
    const own = parseConnection(headers.get("connection") ?? "");
    const announcement = this.#announce(request, asked, own.close || inbound.ending || reason !== undefined);
    inbound.write(headers, announcement);
    if (announcement.connection === "close") return this.#end(request, reason);
    const { keepAlive } = announcement;
    const announcedMs = keepAlive === undefined ? undefined : parseKeepAlive(keepAlive).timeoutMs;
    this.#closeAfter(request, realIdleMs(this.#given.rules.idleTimeoutMs, announcedMs));
  }

  /** The handler is done with a request. What it threw past everything, the server answers by itself. */
  leave(request: InboundRequest): void {
    const { inbound, record, answered } = request;
    if (!answered) this.#closeAfter(request, this.#given.rules.idleTimeoutMs);
    record.seenAt = this.#settings.clock.now();
    if (typeof inbound.key === "string") record.running -= 1;
  }

  #closeAfter({ inbound, record }: InboundRequest, idleMs: number): void {
    inbound.closeAfter(idleMs, () => record.running === 0 && !record.closing);
  }

  #record(key: object | string, now: number): InboundConnection {
    const found =
      typeof key === "object"
        ? this.#bySocket.get(key)
        : this.#byAddress.find(key, this.#given.rules.idleTimeoutMs + COARSE_TIMER_MS, now);
    if (found !== undefined) return found;
    const record = newInboundConnection(now, expiry(this.#given.rules, now, this.#settings.random()));
    if (typeof key === "object") this.#bySocket.set(key, record);
    else this.#byAddress.keep(key, record);
    return record;
  }

  /** Only the newest request can be the last: with pipelining, those behind it would be lost. */
  #reason({ record, requestNumber }: InboundRequest): RetireReason | undefined {
    if (record.requests !== requestNumber) return undefined;
    return lastResponseReason(record, this.#given.rules, this.#settings.clock.now());
  }

  /** Whatever the words, the last response says `close`: servers end the connection by that. */
  #announce(
    { inbound, requestNumber }: InboundRequest,
    asked: string | undefined,
    last: boolean,
  ): Announcement {
    const { rules, announce } = this.#given;
    const words = announce({
      last,
      idleTimeoutMs: rules.idleTimeoutMs,
      remaining: requestsLeft(requestNumber, rules),
      maxRequests: rules.maxRequests,
      minorVersion: inbound.minorVersion,
      asked: parseConnection(asked ?? ""),
    });
    if (last) return { ...words, connection: "close" };
    return inbound.announcesItself ? nameTimeout(words, rules.idleTimeoutMs) : words;
  }

  #end({ inbound, record }: InboundRequest, reason: RetireReason | undefined): void {
    record.closing = true;
    // What comes from there next comes on another connection, or from a client that cannot be helped.
    if (typeof inbound.key === "string") this.#byAddress.forget(inbound.key);
    if (reason === undefined) return;
    const { requests, openedAt } = record;
    const ageMs = this.#settings.clock.now() - openedAt;
    this.#tell({ type: "inbound.ended", server: inbound.server, reason, requests, ageMs });
  }

  #tell(event: KeepAliveEvent): void {
    try {
      this.#settings.onEvent(event);
    } catch {
      // A listener that fails must not fail the request.
    }
  }
}
