/**
 * Hop by hop: the fields that belong to one connection, and those that `Connection` names (RFC 9110 §7.6.1). A gateway
 * must not pass them on, and must not let a client choose what else is lost on the way: a field that the gateway itself
 * sets stays, whatever the client's `Connection` names (CVE-2022-31813).
 */

/**
 * Fields of one connection, `Connection` or not. Credentials for a proxy are for the next hop alone (RFC 9110 §11.7.2):
 * a client's must neither reach the upstream nor take the place of those that the pool has for its own proxy.
 */
const HOP_BY_HOP: readonly string[] = [
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];

const FIXED: ReadonlySet<string> = new Set(HOP_BY_HOP);

/**
 * Fields that are meant for whoever handles the message, or were set by a proxy in front: to name them in `Connection`
 * is a mistake or an attack, so they are not taken for fields of a connection. Envoy does the same.
 */
const END_TO_END =
  /^(?:age|authorization|cache-control|cookie|date|etag|expires|forwarded|host|if-.*|location|range|set-cookie|vary|via|x-real-ip|content-.*|x-forwarded-.*)$/;

const TOKEN = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;

/** Takes the fields of one connection out of a message that is the peer's in all its parts. */
export function dropHopByHop(headers: Headers): void {
  const named = namedBy(headers.get("connection"));
  dropFixed(headers);
  for (const name of named) headers.delete(name);
}

/** A copy without the fields of one connection, or the same fields if there are none. `Connection` names nothing here. */
export function withoutHopByHop(headers: Headers): Headers {
  if (!HOP_BY_HOP.some((name) => headers.has(name))) return headers;
  const copy = new Headers(headers);
  dropFixed(copy);
  return copy;
}

/** Whether a field belongs to one connection by its name. */
export function isHopByHop(name: string): boolean {
  return FIXED.has(name.toLowerCase());
}

/**
 * Takes out of an inbound request what its `Connection` names, before the application copies and edits its fields: who
 * set a field cannot be told afterwards. `Connection` keeps what servers go by (`close`, `keep-alive`, `Upgrade`), so
 * that nothing is named for whoever looks next. Answers another request where fields may not be changed (Deno.serve).
 */
export function withoutNamed(inbound: Request): Request {
  const connection = inbound.headers.get("connection");
  if (connection === null || PLAIN.has(connection)) return inbound;
  const options = connection.split(",").map((option) => option.trim());
  const kept = options.filter((option) => OPTIONS.has(option.toLowerCase()) || isHopByHop(option));
  if (kept.length === options.length) return inbound;
  const named = namedBy(connection);
  try {
    settle(inbound.headers, named, kept);
    return inbound;
  } catch {
    // A WebSocket is made of the server's own request (Deno.upgradeWebSocket), so that one stays as it came.
    if (inbound.headers.get("upgrade")?.toLowerCase() === "websocket" && inbound.method === "GET")
      return inbound;
  }
  const headers = new Headers(inbound.headers);
  settle(headers, named, kept);
  return inbound.bodyUsed
    ? new Request(inbound.url, { method: inbound.method, headers, signal: inbound.signal })
    : new Request(inbound, { headers });
}

/** Options of a connection that are not names of fields. */
const OPTIONS: ReadonlySet<string> = new Set(["close", "keep-alive"]);

/** What all but a few clients say, which names nothing. */
const PLAIN: ReadonlySet<string> = new Set(["keep-alive", "close", "Upgrade", "upgrade"]);

function settle(headers: Headers, named: readonly string[], kept: readonly string[]): void {
  for (const name of named) headers.delete(name);
  if (kept.length === 0) headers.delete("connection");
  else headers.set("connection", kept.join(", "));
}

function dropFixed(headers: Headers): void {
  for (const name of HOP_BY_HOP) if (headers.has(name)) headers.delete(name);
}

/** Names of fields; what is not a token cannot be one. */
function namedBy(connection: string | null): string[] {
  if (connection === null || PLAIN.has(connection)) return [];
  return connection.split(",").flatMap((part) => {
    const name = part.trim().toLowerCase();
    const isOther = OPTIONS.has(name) || FIXED.has(name) || END_TO_END.test(name);
    return isOther || !TOKEN.test(name) ? [] : [name];
  });
}
