/** Agent ending: how the connection of a request is given back, and why it ends, by the response that `node:http` has parsed. */

import type { IncomingMessage } from "node:http";
import type { RetireReason } from "../contract/reasons.ts";
import type { Wire, WireHints } from "../contract/wire.ts";
import type { RequestEvents } from "../exchange/request-events.ts";
import type { Lease, PooledConnection } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { NodeRequest } from "./node-request.ts";
import type { ReceivedBytes } from "./received-bytes.ts";
import { announcedHints, endAfter, isUntilClose } from "./response-facts.ts";

/** How a request leaves its connection. */
export interface Leaving {
  readonly response: IncomingMessage | null | undefined;
  readonly received: ReceivedBytes;
  /** Why the connection ends, if it does. */
  readonly reason: RetireReason | undefined;
  readonly abruptly: boolean;
  /** Whether the server answered; by default `true` if a byte came, else not known. */
  readonly answered: boolean | undefined;
  /** When the last byte of the response was read, if the connection goes on. */
  readonly at: number | undefined;
}

/** What is read within this time is taken to be all that came, as by the pool's liveness check. */
export const JUST_READ_MS = 1;

/** Gives a connection back, with what the server announced. */
export function returnConnection(
  pool: ConnectionPool<Wire>,
  events: RequestEvents,
  lease: Lease<Wire>,
  { response, received, reason, abruptly, answered, at }: Leaving,
): void {
  const { connection } = lease;
  const hints: WireHints = response ? announcedHints(response, lease, connection.settings.hints) : NO_HINTS;
  if (hints.ignored !== undefined) events.hintIgnored(connection, hints.ignored);
  const { socket } = connection;
  connection.leave(false);
  // Its end is not that of the socket: `node:http` is told why, or the socket moves to another connection.
  if (reason !== undefined) connection.face = undefined;
  // What arrives now belongs to no request, and retires the connection.
  if (received.paused && reason === undefined) socket?.resume();
  const told = answered ?? (received.responded ? true : undefined);
  const aborts = abruptly && reason !== undefined;
  if (reason === undefined) noteUnread(pool, connection, at);
  pool.release(connection, { hints, reason, answered: told, abruptly: aborts, at });
}

/**
 * `node:http` frees a socket some ticks after its last byte was read, and the program may have computed in between. Idle time counts
 * from the read, so that the pool looks at the socket first. A request that waits gets it at once, as if it had just been read.
 */
function noteUnread(
  pool: ConnectionPool<Wire>,
  connection: PooledConnection<Wire>,
  readAt: number | undefined,
): void {
  if (readAt === undefined || pool.core.origins.waiting === 0) return;
  if (pool.now() - readAt > JUST_READ_MS) connection.wasPaused = true;
}

/** Why the connection of a socket that `node:http` has freed carries no further request; `undefined`: it does. */
export function endOfFreed(
  { res, method }: NodeRequest,
  lease: Lease<Wire>,
  hasSurplus: boolean,
): RetireReason | undefined {
  if (hasSurplus || !res) return "bad-framing";
  return endAfter(res, method, lease, lease.connection.settings.persistence);
}

/**
 * Why the connection of a request ends by itself that was lost: the response is complete and says so, or it ends with the
 * connection. `undefined`: it was lost. `orderly`: by a FIN.
 */
export function endOfLost(
  { res, method }: NodeRequest,
  lease: Lease<Wire>,
  orderly: boolean,
): RetireReason | undefined {
  if (res?.complete === true) return endAfter(res, method, lease, undefined);
  return orderly && isUntilClose(res, method) ? "not-persistent" : undefined;
}

/**
 * Why `node:http` found that no request may follow a complete response. `isLast`: the request said `Connection: close`, because the
 * pool ends the connection.
 */
export function endOfDestroyed(
  { res, method }: NodeRequest,
  lease: Lease<Wire>,
  { surplus, delivering }: ReceivedBytes,
  isLast: boolean,
): RetireReason | undefined {
  if (surplus || delivering || !res) return "bad-framing";
  const announced = endAfter(res, method, lease, undefined);
  return isLast ? announced : (announced ?? "not-persistent");
}
