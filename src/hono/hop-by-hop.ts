/**
 * Hop by hop: the fields that belong to one connection. A gateway must not pass them on, nor those that `Connection`
 * names (RFC 9110 §7.6.1).
 */

const HOP_BY_HOP: readonly string[] = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

/** Takes them out. */
export function dropHopByHop(headers: Headers): void {
  const named = headers.get("connection");
  for (const name of HOP_BY_HOP) if (headers.has(name)) headers.delete(name);
  if (named === null) return;
  for (const part of named.split(",")) {
    const name = part.trim().toLowerCase();
    // Both are options of the connection, not names of fields; what is not a token cannot be a name.
    if (name !== "close" && name !== "keep-alive" && TOKEN.test(name)) headers.delete(name);
  }
}

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** A copy without them, or the same fields if there are none. */
export function withoutHopByHop(headers: Headers): Headers {
  if (!HOP_BY_HOP.some((name) => headers.has(name))) return headers;
  const copy = new Headers(headers);
  dropHopByHop(copy);
  return copy;
}
