/** Sender: what `forward()` sends its requests with. It is hidden in `c.var.upstream`, which applications see. */

import type { PoolResponse } from "../../fetch/pool-response.ts";
import type { ForwardedOptions } from "../../fetch/request.ts";
import type { UpgradeOptions, UpgradeResponse } from "../../fetch/upgrade.ts";

/** The key under which `c.var.upstream` has it. */
export const SENDER: unique symbol = Symbol.for("@holdfast/pool sender");

/** A request that `forward()` has made for this call alone. The sender completes it. */
export type SentRequest = { -readonly [Option in keyof ForwardedOptions]: ForwardedOptions[Option] };

/** Sends the requests of one inbound request. */
export interface UpstreamSender {
  /** The request as it came from the server, by which Bun.serve knows the peer. */
  readonly original: Request;
  /** Sends a request with exactly these fields, and ends it when the client goes away. */
  send(url: string, request: SentRequest): Promise<PoolResponse>;
  /** Asks for another protocol with exactly these fields. */
  upgrade(url: string, options: UpgradeOptions): Promise<UpgradeResponse>;
  /** The error to throw for one that was thrown. Emits an event if the upstream or the client caused it. */
  failed(thrown: unknown): unknown;
}
