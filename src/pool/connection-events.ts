/** Connection events: the events of a connection's life. They are built only if somebody listens. */

import type { PoolWire } from "../contract/wire.ts";
import { keepUntil } from "../rules/verdict.ts";
import type { Acquirer, Connection, Lease } from "./connection.ts";
import type { Effect } from "./core/effects.ts";
import type { ConnectionRecord } from "./core/records.ts";
import type { Observers } from "./observers.ts";

/** The connection is open, `elapsedMs` after its connect attempt began. */
export function publishOpened<Wire extends PoolWire>(
  observers: Observers,
  record: Connection<Wire>,
  elapsedMs: number,
): void {
  const { id, originRecord, attachment } = record;
  if (attachment === undefined || !observers.topics["connection.opened"].wanted) return;
  const { socket } = attachment;
  const remoteAddress = socket?.remoteAddress;
  const { protocol } = attachment.wire;
  const facts = { connection: id, origin: originRecord.origin.key, elapsedMs, protocol, remoteAddress };
  const via = attachment.via === undefined ? undefined : { proxy: attachment.via.proxy };
  const tls = socket?.tls === undefined ? undefined : { tls: socket.tls };
  observers.publish({ type: "connection.opened", ...facts, ...via, ...tls });
}

/** A request waits in the queue. */
export function publishQueued<C, Wire extends PoolWire>(
  observers: Observers,
  { waiter, origin, queued }: Effect<C, Acquirer<Wire>> & { type: "queue" },
): void {
  if (!observers.topics["request.queued"].wanted) return;
  observers.publish({ type: "request.queued", request: waiter.attachment.requestId, origin, queued });
}

/** A request got the connection. */
export function publishAcquired<Wire extends PoolWire>(
  observers: Observers,
  lease: Lease<Wire>,
  request: number,
): void {
  if (!observers.topics["connection.acquired"].wanted) return;
  const { requestNumber, idleMs, waitedMs } = lease;
  const { id, originRecord } = lease.connection.record;
  const facts = { connection: id, origin: originRecord.origin.key, request, reused: requestNumber > 1 };
  observers.publish({ type: "connection.acquired", ...facts, requestNumber, idleMs, waitedMs });
}

/** The exchange that was the connection's `requests`-th is over. */
export function publishReleased<Wire extends PoolWire>(
  observers: Observers,
  record: Connection<Wire>,
  { requests, streams }: { readonly requests: number; readonly streams: number },
  now: number,
): void {
  if (!observers.topics["connection.released"].wanted) return;
  if (record.state === "closed") return;
  const { id, originRecord } = record;
  // While it carries others, it is idle from their end on at the earliest.
  const keepMs = keepUntil(record, record.rules) - (streams === 0 ? now : record.idleSince);
  observers.publish({
    type: "connection.released",
    connection: id,
    origin: originRecord.origin.key,
    requests,
    streams,
    keepMs,
  });
}

/** The connection carries no further request. */
export function publishRetired<C, W>(
  observers: Observers,
  effect: Effect<C, W> & { type: "close" },
  now: number,
): void {
  if (!observers.topics["connection.retired"].wanted) return;
  const { connection, reason, from, idleMs, error } = effect;
  const { id, originRecord, openedAt, requests, protocol } = connection;
  const ageMs = from === "connecting" ? 0 : now - openedAt;
  const facts = {
    connection: id,
    origin: originRecord.origin.key,
    reason,
    ageMs,
    idleMs,
    requests,
  };
  observers.publish({
    type: "connection.retired",
    ...facts,
    ...(protocol === undefined ? undefined : { protocol }),
    ...(error === undefined ? undefined : { error }),
  });
}

/** A learned limit of an origin changed. */
export function publishLearned<C, W>(observers: Observers, effect: Effect<C, W> & { type: "learned" }): void {
  const { originRecord, idleMs, previousMs, requests, previousRequests } = effect;
  if (idleMs === previousMs && requests === previousRequests) return;
  if (!observers.topics["limit.learned"].wanted) return;
  const { key } = originRecord.origin;
  observers.publish({ type: "limit.learned", origin: key, idleMs, previousMs, requests });
}

/** The peer asked for calm. */
export function publishCalmed<C, W>(
  observers: Observers,
  { id, originRecord }: ConnectionRecord<C, W>,
): void {
  if (!observers.topics["calm.requested"].wanted) return;
  const { origin, calmed } = originRecord;
  observers.publish({ type: "calm.requested", connection: id, origin: origin.key, times: calmed });
}
