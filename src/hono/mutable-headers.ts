/** The headers of the response that is about to be sent, made mutable. */

import type { Context } from "hono";

/** The fields of `c.res`. A response of the runtime's own `fetch` has immutable headers, so it is copied. */
export function mutableHeaders(c: Context): Headers {
  const { headers } = c.res;
  try {
    // Deleting a field that is not there changes nothing, but throws if the headers are immutable.
    headers.delete("connection-is-mutable");
    return headers;
  } catch {
    c.res = new Response(c.res.body, c.res);
    return c.res.headers;
  }
}
