/** Ending: what an exchange that is over, or is sent again, tells the pool of the connection that it had. */

import type { RetireReason } from "../contract/reasons.ts";
import type { Wire, WireHints } from "../http1/wire.ts";
import type { ExchangeEnding, Lease } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import { NO_HINTS } from "../rules/rules.ts";
import type { ResponseReceiver } from "./receiver.ts";
import type { RequestEvents } from "./request-events.ts";
import type { Upload } from "./upload.ts";

/** What the pool need not be told by whoever ends. */
type Ending = Pick<ExchangeEnding, "reason" | "abruptly" | "at">;

/** What is known of the exchange. */
interface Ended {
  readonly inbound: ResponseReceiver | undefined;
  readonly journal: RequestEvents;
  /** The socket is not read. */
  readonly paused: boolean;
}

/** Gives a connection back, with what was learned of its server. */
export function giveBack(
  pool: ConnectionPool<Wire>,
  { connection }: Lease<Wire>,
  { inbound, journal, paused }: Ended,
  { reason, abruptly, at }: Ending,
): void {
  const hints: WireHints = inbound?.hints(pool.settings.hints) ?? NO_HINTS;
  if (hints.ignored !== undefined) journal.hintIgnored(connection, hints.ignored);
  // A connection that ended without a byte had been closed while it was idle; one we gave up proves nothing.
  const answered = inbound?.responded === true || (reason === "peer-closed" ? false : undefined);
  // What was held back and comes now is nobody's.
  connection.user = undefined;
  if (paused) connection.socket?.resume();
  // It ended with the upload, some time after what was read last.
  if (at === undefined && reason === undefined) connection.wasPaused = true;
  pool.release(connection, { hints, reason, answered, abruptly, at });
}

/** Why a connection is not kept whose exchange lingered for nothing. */
export function lingeredOut(inbound: ResponseReceiver | undefined): RetireReason {
  return inbound?.complete === true ? "upload-unfinished" : "unread-body";
}

/** Returns a connection that was granted and not used. It ends, and nothing was learned of its server. */
export function returnUnused(pool: ConnectionPool<Wire>, { connection }: Lease<Wire>): void {
  pool.release(connection, { hints: connection.record.hints, reason: "aborted" });
}

/**
 * What becomes of the connection of a complete response: it is kept (`undefined`), ends for a reason, or lingers until
 * the rest of the request is sent. `test` is the user's, if there is one; `close`: the request said that it is the last.
 */
export function afterResponse(
  inbound: ResponseReceiver,
  upload: Upload | undefined,
  test: PersistenceTest | undefined,
  close: boolean,
): RetireReason | "linger" | undefined {
  // Having said `close`, we must not send another request, whether or not the server echoed it (RFC 9112 §9.6).
  const reason = inbound.endsConnection(test) ?? (close ? "not-persistent" : undefined);
  if (reason !== undefined || upload?.handedOver !== false) return reason;
  return upload.isWorthFinishing ? "linger" : "upload-unfinished";
}
