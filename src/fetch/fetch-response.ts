/**
 * Fetch response: a genuine `Response` of the runtime. Status, headers and body stand in its internal slots, because
 * Deno.serve, Bun.serve and workerd send those and nothing else; only what a constructor cannot set is added.
 */

import type { ConnectionInfo } from "../errors.ts";
import type { WireResponse } from "../http1/message.ts";
import { connectionInfo } from "../pool/connection.ts";

/** Where a response comes from. */
export interface Provenance {
  /** The URL that answered, without a fragment. */
  readonly url: string;
  readonly redirected: boolean;
  readonly wire: WireResponse;
}

/** The `Response` of `pool.fetch()`. */
export class FetchResponse extends Response {
  readonly #from: Provenance;

  /** Made by the pool. */
  constructor(body: BodyInit | null, init: ResponseInit, from: Provenance) {
    super(body, init);
    this.#from = from;
  }

  /** The URL that answered, after redirects, without a fragment. */
  override get url(): string {
    return this.#from.url;
  }

  /** Whether it is the answer to a redirected request. */
  override get redirected(): boolean {
    return this.#from.redirected;
  }

  /** The connection it came on. */
  get connection(): ConnectionInfo {
    return connectionInfo(this.#from.wire.lease);
  }

  /** Times the request was sent again before this answer. */
  get resendCount(): number {
    return this.#from.wire.resendCount;
  }

  override clone(): FetchResponse {
    const { body, status, statusText, headers } = super.clone();
    return new FetchResponse(body, { status, statusText, headers }, this.#from);
  }
}
