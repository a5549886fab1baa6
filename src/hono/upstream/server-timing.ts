/**
 * Server timing: what the upstream requests of one response took, as `Server-Timing` entries that browsers show
 * (W3C Server Timing): `queue` (waiting for a connection), `connect` (opening it), `wait` (until the response head).
 */

import type { Clock } from "../../contract/clock.ts";
import type { ConnectionInfo } from "../../contract/errors.ts";
import type { ConnectionAcquired, PoolEvent } from "../../contract/events.ts";
import type { Pool } from "../../create-pool.ts";

/** What the pool said of a connection's current request. */
interface Acquired {
  readonly requestNumber: number;
  readonly waitedMs: number;
  readonly at: number;
}

/** Remembers for each open connection how its request got it. */
export class Timings {
  readonly #clock: Clock;
  readonly #opened: Map<number, number> = new Map();
  readonly #acquired: Map<number, Acquired> = new Map();

  constructor(pool: Pool, clock: Clock) {
    this.#clock = clock;
    pool.subscribe((event) => this.#note(event));
  }

  /** The entries for a response whose head has just come. */
  entries(connection: ConnectionInfo): string {
    const acquired = this.#acquired.get(connection.id);
    const fits = acquired?.requestNumber === connection.requestNumber ? acquired : undefined;
    const dialMs = connection.reused ? 0 : (this.#opened.get(connection.id) ?? 0);
    const desc = connection.reused ? `reused, request ${connection.requestNumber}` : "new";
    const connect = `connect;desc="${desc}";dur=${ms(dialMs)}`;
    if (fits === undefined) return connect;
    const queueMs = Math.max(0, fits.waitedMs - dialMs);
    return `queue;dur=${ms(queueMs)}, ${connect}, wait;dur=${ms(this.#clock.now() - fits.at)}`;
  }

  #note(event: PoolEvent): void {
    if (event.type === "connection.opened") this.#opened.set(event.connection, event.elapsedMs);
    else if (event.type === "connection.acquired") this.#take(event);
    else if (event.type === "connection.retired") {
      this.#opened.delete(event.connection);
      this.#acquired.delete(event.connection);
    }
  }

  #take({ connection, requestNumber, waitedMs }: ConnectionAcquired): void {
    this.#acquired.set(connection, { requestNumber, waitedMs, at: this.#clock.now() });
  }
}

/** Milliseconds with a tenth: finer ones would tell strangers more than they need. */
function ms(value: number): string {
  return (Math.round(value * 10) / 10).toString();
}
