/**
 * `Server-Timing` entries for upstream requests, as browsers show them (W3C Server Timing): `queue` (waiting for a
 * connection), `connect` (opening it) and `wait` (from then to the response head).
 */

import type { Clock } from "../../contract/clock.ts";
import type { ConnectionInfo } from "../../contract/errors.ts";
import type { ConnectionAcquired, PoolEvent } from "../../contract/events.ts";
import type { Pool } from "../../create-pool.ts";

/** How a connection's current request got the connection. */
interface Acquired {
  readonly requestNumber: number;
  readonly waitedMs: number;
  readonly at: number;
}

/** Follows a pool's events to know, for each open connection, how long its request waited. */
export class RequestTimings {
  readonly #clock: Clock;
  /** Ms that it took to open each connection, by its id. */
  readonly #opened: Map<number, number> = new Map();
  readonly #acquired: Map<number, Acquired> = new Map();

  constructor(pool: Pool, clock: Clock) {
    this.#clock = clock;
    pool.subscribe((event) => this.#record(event));
  }

  /** The entries for a response whose head has just arrived. */
  entries(connection: ConnectionInfo): string {
    const acquired = this.#acquired.get(connection.id);
    const fits = acquired?.requestNumber === connection.requestNumber ? acquired : undefined;
    const connectMs = connection.reused ? 0 : (this.#opened.get(connection.id) ?? 0);
    const desc = connection.reused ? `reused, request ${connection.requestNumber}` : "new";
    const connect = `connect;desc="${desc}";dur=${ms(connectMs)}`;
    if (fits === undefined) return connect;
    const queueMs = Math.max(0, fits.waitedMs - connectMs);
    return `queue;dur=${ms(queueMs)}, ${connect}, wait;dur=${ms(this.#clock.now() - fits.at)}`;
  }

  #record(event: PoolEvent): void {
    if (event.type === "connection.opened") this.#opened.set(event.connection, event.elapsedMs);
    else if (event.type === "connection.acquired") this.#recordAcquired(event);
    else if (event.type === "connection.retired") {
      this.#opened.delete(event.connection);
      this.#acquired.delete(event.connection);
    }
  }

  #recordAcquired({ connection, requestNumber, waitedMs }: ConnectionAcquired): void {
    this.#acquired.set(connection, { requestNumber, waitedMs, at: this.#clock.now() });
  }
}

/** Milliseconds with one decimal. A finer resolution would tell strangers more than they need. */
function ms(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}
