/** Connection of: from any response of a pool back to the connection that it came on. */

import type { ConnectionInfo } from "../contract/errors.ts";
import { isFetchResponse } from "./fetch-response.ts";
import { LazyResponse } from "./lazy-response.ts";
import { PoolResponse } from "./pool-response.ts";

/**
 * The connection that a response came on, as it stood when the request took it: whether it was reused, which request of
 * the connection this was, how old the connection was. `undefined` for a response that no pool made.
 *
 * @example
 * ```ts
 * connectionOf(await pool.fetch("https://api.example.com/")); // { id: 3, reused: true, requestNumber: 17, … }
 * ```
 */
export function connectionOf(response: object): ConnectionInfo | undefined {
  // The lazy ones first: to look for another class in their prototypes would load `Response`.
  if (response instanceof LazyResponse || response instanceof PoolResponse) return response.connection;
  if (isFetchResponse(response)) return response.connection;
  // Another copy of this module may have made it: `require()` and `import` load one each.
  const { connection } = response as { readonly connection?: ConnectionInfo };
  return typeof connection?.requestNumber === "number" ? connection : undefined;
}
