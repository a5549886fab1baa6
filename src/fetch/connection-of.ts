/** Connection of: from a response back to the connection it came on. */

import type { ConnectionInfo } from "../contract/errors.ts";
import { isFetchResponse } from "./fetch-response.ts";
import { LazyResponse } from "./lazy-response.ts";
import { PoolResponse } from "./request.ts";

/**
 * The connection a response came on, with the facts of the moment it was taken: whether it was reused, for which
 * request, at which age. `undefined` for a response that is not of a pool.
 *
 * @example
 * ```ts
 * connectionOf(await pool.fetch("https://api.example.com/")); // { id: 3, reused: true, requestNumber: 17, … }
 * ```
 */
export function connectionOf(response: object): ConnectionInfo | undefined {
  if (response instanceof PoolResponse) return response.connection;
  if (isFetchResponse(response) || response instanceof LazyResponse) return response.connection;
  return undefined;
}
