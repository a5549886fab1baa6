/**
 * Ending: what the end of an attempt means for its connection and for its request. It asks the wire and the user's functions
 * in the options. Those run in callbacks of the socket, which must not throw.
 */

import type { Sent } from "../contract/errors.ts";
import type { RetireReason, RetryReason } from "../contract/reasons.ts";
import type { PoolWire, Wire, WireHints, WireStream } from "../contract/wire.ts";
import type { Lease, PooledConnection } from "../pool/connection.ts";
import type { DeliveryWaiter } from "../pool/observers.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { isGivenUp } from "../rules/doubt.ts";
import type { HintReader, HintSource } from "../rules/hints.ts";
import { endByTest } from "../rules/persistence.ts";
import { type FailedAttempt, resendReason } from "../rules/retry.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { WireRequest, WireResponse } from "./message.ts";
import type { RequestEvents } from "./request-events.ts";
import type { Upload } from "./upload.ts";

/**
 * Gives a connection back that was granted but not used. It ends, and nothing was learned of its server; but where others
 * share it, it is in use, and their ends say what becomes of it.
 */
export function returnUnused(pool: ConnectionPool<Wire>, { connection }: Lease<Wire>): void {
  const { hints, leases } = connection.record;
  pool.release(connection, { hints, reason: leases > 1 ? undefined : "aborted" });
}

/**
 * Asks for a connection again once all listeners were called. After a block or a restart many connections have a GOAWAY that is
 * not read yet, and a request would try one after the other, all within one poll. So what was not processed twice waits until
 * all sockets were read.
 */
export function askAgain(
  pool: ConnectionPool<Wire>,
  exchange: DeliveryWaiter,
  unprocessedCount: number,
): void {
  const ask = (): void => pool.observers.whenDelivered(exchange);
  if (unprocessedCount > 1) pool.settings.clock.turn(ask);
  else ask();
}

/** What an exchange has of its connection. */
export interface Held {
  readonly lease: Lease<Wire>;
  readonly stream: WireStream;
  readonly response: WireResponse | undefined;
}

/** How an attempt ends. */
export interface AttemptEnd {
  /** Why its connection ends, if it does. */
  readonly reason: RetireReason | undefined;
  readonly abruptly: boolean;
  /** When it ended; now by default. */
  readonly at?: number | undefined;
}

/** Gives a connection back, with what the server announced. */
export function giveBack(
  pool: ConnectionPool<Wire>,
  { fields }: WireRequest,
  events: RequestEvents,
  { lease, stream, response }: Held,
  { reason, abruptly, at }: AttemptEnd,
): void {
  const { connection } = lease;
  const hints = announcedHints(stream, response, connection.settings.hints);
  if (hints.ignored !== undefined) events.hintIgnored(connection, hints.ignored);
  const { responded } = stream;
  const closed = leaveStream(stream, reason, connection, fields.close, at === undefined);
  // A connection that ended without a byte was closed while it was idle. One that we ended, or that goes on, proves nothing.
  const answered = responded || (closed === "peer-closed" ? false : undefined);
  // A shared connection ends as well: it may be dead, whatever the protocol says of a stream that is cancelled.
  const end =
    reason === "no-answer" || (reason === "aborted" && isUnheard(pool, lease, stream)) ? "no-answer" : closed;
  const aborts = abruptly && end !== undefined;
  pool.release(connection, { hints, reason: end, answered, abruptly: aborts, at });
}

/** Whether nothing came on its connection for so long that no other request should be sent there. */
function isUnheard(
  pool: ConnectionPool<Wire>,
  { connection, grantedAt }: Lease<Wire>,
  stream: WireStream,
): boolean {
  if (stream.unheard !== true) return false;
  return isGivenUp(true, pool.now() - grantedAt, connection.record.originRecord.firstByte);
}

/**
 * What follows a complete response: the connection is kept (`undefined`), ends for a reason, or lingers until the rest of the
 * request is sent. `reason`: why the response ends the connection. `close`: the request said `Connection: close`.
 */
export function afterResponse(
  reason: RetireReason | undefined,
  upload: Upload | undefined,
  close: boolean,
): RetireReason | "linger" | undefined {
  if (reason !== undefined) return reason;
  // Having said `close`, we must not send another request, whether or not the server echoed it (RFC 9112 §9.6).
  if (close) return "not-persistent";
  if (upload?.handedOver !== false) return undefined;
  return upload.isWorthFinishing ? "linger" : "upload-unfinished";
}

/** Why no request may follow a response on its connection, or `undefined`. */
export function connectionEnd(
  stream: WireStream | undefined,
  response: WireResponse | undefined,
  method: string,
): RetireReason | undefined {
  if (stream === undefined || response === undefined) return "bad-framing";
  const reason = stream.framingEnd;
  if (reason !== undefined) return reason;
  const { head, lease } = response;
  const { persistence: test } = lease.connection.settings;
  // The test is about `Connection` and HTTP/1.0, which HTTP/2 does not have (RFC 9113 §8.2.2).
  if (test === undefined || lease.connection.multiplexed) return stream.announcedEnd;
  const { proxied, wire } = lease.connection;
  const minorVersion = minorVersionOf(response);
  const facts = { method, proxied, status: head.status, minorVersion, lines: wire.linesOf(head) };
  return endByTest(test, facts, stream.announcedEnd);
}

/**
 * Closes the stream of an exchange. Returns why its connection ends, if it does. `close`: the caller asked for that. `late`: the
 * exchange ended with its upload, some time after the socket was read last.
 */
function leaveStream(
  stream: WireStream,
  reason: RetireReason | undefined,
  connection: PooledConnection<Wire>,
  close: boolean,
  late: boolean,
): RetireReason | undefined {
  const end = stream.close(reason);
  if (connection.multiplexed) return end ?? (close ? "not-persistent" : undefined);
  if (late && end === undefined) connection.wasPaused = true;
  return end;
}

/** What the server announced with a response, read as the options say. */
function announcedHints(
  stream: WireStream,
  response: WireResponse | undefined,
  mode: "honor" | "ignore" | HintReader,
): WireHints {
  if (response === undefined || mode === "ignore") return NO_HINTS;
  const { head, lease } = response;
  const { requestNumber: requests, connection } = lease;
  if (mode === "honor" || connection.multiplexed) return stream.hints(requests);
  const { proxied, wire } = connection;
  return hintsBy(mode, {
    minorVersion: minorVersionOf(response),
    proxied,
    lines: wire.linesOf(head),
    requests,
  });
}

/** Calls a user's `serverHints` function. If it throws or returns anything but amounts, the value counts as not understood. */
export function hintsBy(read: HintReader, source: Omit<HintSource, "keepAlive" | "connection">): WireHints {
  const keepAlive = joined(source.lines("keep-alive"));
  try {
    const { timeoutMs, remaining } = read({
      ...source,
      keepAlive,
      connection: joined(source.lines("connection")),
    });
    if (isAmount(timeoutMs) && isAmount(remaining)) return { close: false, timeoutMs, remaining };
  } catch {
    // Reported like any other value that cannot be used.
  }
  return { ...NO_HINTS, ignored: keepAlive ?? "" };
}

function joined(lines: readonly string[]): string | undefined {
  return lines.length === 0 ? undefined : lines.join(", ");
}

function isAmount(value: unknown): boolean {
  return value === undefined || (typeof value === "number" && value >= 0);
}

function minorVersionOf({ head }: WireResponse): number {
  return head.httpVersion === "1.0" ? 0 : 1;
}

/** How far a failed attempt had come. */
export interface AttemptProgress {
  readonly sent: Sent;
  readonly upload: Upload | undefined;
  readonly stream: WireStream | undefined;
  readonly status: FailedAttempt["status"];
  readonly resendCount: number;
  /** How many of the resends were because the peer had not processed the request. */
  readonly unprocessedCount: number;
}

/** Why the rules allow to resend the request, or `undefined` if it must fail. */
export function reasonToResend(
  request: WireRequest,
  lease: Lease<PoolWire>,
  at: AttemptProgress,
): RetryReason | undefined {
  const { method, body, repeatable } = request;
  const { sent, status, unprocessedCount } = at;
  const resendCount = at.resendCount - unprocessedCount;
  // A stream cannot be read again once its upload has started.
  const replayable = body?.kind !== "stream" || body.replayable || at.upload?.started !== true;
  const responded = at.stream?.responded === true;
  // A connection that was opened in advance may be as stale as one that was used.
  const reused = lease.requestNumber > 1 || lease.idleMs > 0;
  // With streams, what the peer has not processed is known to be so, and may be sent again more often.
  const unprocessed = sent === "none" && lease.connection.multiplexed;
  const told = unprocessed ? { unprocessed, unprocessedCount } : undefined;
  const facts = { method, sent, reused, responded, status, repeatable, replayable, resendCount, ...told };
  return resendReason(facts, lease.connection.settings.retry);
}
