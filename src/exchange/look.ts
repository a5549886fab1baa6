/**
 * Look: a request that has waited for a while looks whether the network holds it up. `rules/outage.ts` says what it concludes. It
 * costs a request nothing until then: the timer asks for the time of its first look together with its deadlines.
 */

import type { Wire } from "../contract/wire.ts";
import type { Lease, PoolWaiter } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { doubtAfterMs, isHarmless, SHORTEST_DOUBT_MS } from "../rules/doubt.ts";
import { HUNG_MS, probeAt, unusualMs, waitedThroughOutage } from "../rules/outage.ts";
import { isKeyed, type WireRequest } from "./message.ts";
import type { ExchangePhase, Times } from "./phase.ts";

/** While something else may help, in ms. */
export const LOOK_AGAIN_MS: number = HUNG_MS;

/** What a look must know of the request's second attempt. */
interface Second {
  readonly isWaiting: boolean;
  readonly isAsking: boolean;
  readonly hasBegun: boolean;
}

/** What a request waits for. */
interface Awaited {
  readonly phase: ExchangePhase;
  readonly times: Times;
  readonly lease: Lease<Wire> | undefined;
  readonly waiter: PoolWaiter<Wire> | undefined;
  readonly second: Second | undefined;
  /** It was sent whole and for the first time, and no byte has come since. */
  readonly isWhole: boolean;
}

/** When to look: as the last look said, but at once if an outage is over that no look has seen. `Infinity`: never. */
export function lookTime(
  phase: ExchangePhase,
  { sentAt, lookAt, seenAt }: Times,
  lease: Lease<Wire> | undefined,
): number {
  if (phase === "queue") return lookAt ?? Infinity;
  if (phase !== "headers" || lookAt === Infinity || lease === undefined) return Infinity;
  const { backAt } = lease.connection.record.originRecord.reach;
  const at = lookAt ?? sentAt + SHORTEST_DOUBT_MS;
  return backAt > sentAt && backAt !== seenAt ? Math.min(at, backAt) : at;
}

/** When a request looks that has begun to wait for a connection; `undefined` if it waits for none that is being opened. */
export function firstLook(waiter: PoolWaiter<Wire>): number | undefined {
  const { originRecord: origin } = waiter;
  if (origin === undefined || origin.connecting === 0) return undefined;
  const waitMs = unusualMs(origin);
  return waitMs === Infinity ? undefined : waiter.askedAt + waitMs;
}

/** When to look again; `undefined`: the network was out, and the request must be sent again. An outage is seen once. */
export function look(
  pool: ConnectionPool<Wire>,
  request: WireRequest,
  { phase, times, lease, waiter, second, isWhole }: Awaited,
  now: number,
): number | undefined {
  const { sentAt, seenAt } = times;
  times.seenAt = lease?.connection.record.originRecord.reach.backAt;
  if (phase === "queue") return lookWaiting(pool, waiter, now);
  // It looks itself while it waits for a connection. If it gets none, the request has not been sent again.
  if (second?.isAsking === true) return now + LOOK_AGAIN_MS;
  if (!isWhole || lease === undefined) return Infinity;
  const setting = request.doubt ?? lease.connection.settings.doubt;
  if (setting === false || second?.hasBegun === true) return Infinity;
  if (!isHarmless(request.method, isKeyed(request))) return Infinity;
  // Its connection is in doubt already, and needs no look.
  if (second?.isWaiting === true) return now + LOOK_AGAIN_MS;
  const { reach, firstByte } = lease.connection.record.originRecord;
  const quietMs = setting.afterMs ?? doubtAfterMs(firstByte);
  if (reach.backAt !== seenAt && waitedThroughOutage(reach, sentAt, quietMs)) return undefined;
  const at = probeAt(reach, sentAt, quietMs);
  if (at > now) return at;
  pool.outages.probe(lease.connection.record.originRecord, now);
  return now + LOOK_AGAIN_MS;
}

/** The same for a request that waits for a connection. None is sent twice by this, so it is for all methods. */
export function lookWaiting(
  pool: ConnectionPool<Wire>,
  waiter: PoolWaiter<Wire> | undefined,
  now: number,
): number {
  const origin = waiter?.originRecord;
  if (waiter === undefined || origin === undefined || origin.connecting === 0) return Infinity;
  const at = probeAt(origin.reach, waiter.askedAt, unusualMs(origin));
  if (at > now) return at;
  pool.outages.probe(origin, now);
  return now + LOOK_AGAIN_MS;
}
