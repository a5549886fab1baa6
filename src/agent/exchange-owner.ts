/** Exchange owner: what the requests of one agent share. */

import type { Wire } from "../contract/wire.ts";
import type { ConnectionPool } from "../pool/pool.ts";

/** What an exchange needs of its agent. */
export interface ExchangeOwner<Exchange> {
  readonly pool: ConnectionPool<Wire>;
  /** Its requests that wait for a connection. */
  readonly waiting: Set<Exchange>;
  /** `timeout` of the agent: how long a socket may be silent before it says so; 0: for ever. */
  readonly socketTimeoutMs: number;
}
