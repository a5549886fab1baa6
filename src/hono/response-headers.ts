/** Response headers: those of the response that is about to be sent, so that they can be changed. */

import type { Context } from "hono";

/** The fields of `c.res`. A response of the runtime's own `fetch` refuses changes, so it is put into another one. */
export function responseHeaders(c: Context): Headers {
  const { headers } = c.res;
  try {
    // Nothing is changed by this, but fields that may not be changed refuse it.
    headers.delete("connection-is-mutable");
    return headers;
  } catch {
    c.res = new Response(c.res.body, c.res);
    return c.res.headers;
  }
}
