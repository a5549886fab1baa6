/**
 * Removes hop-by-hop fields: those that always belong to one connection, and those that `Connection` names (RFC 9110
 * §7.6.1). A gateway must not pass them on. It must also not let a client delete fields that the gateway itself sets,
 * by naming them in `Connection` (CVE-2022-31813).
 */

import { TOKEN_TEXT } from "../../http1/syntax.ts";

/**
 * Fields that are hop-by-hop whether or not `Connection` names them. Proxy credentials are for the next hop alone
 * (RFC 9110 §11.7.2): a client's must neither reach the upstream nor replace those that the pool has for its own proxy.
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

/** The same, to look up names in lower case. */
export const HOP_BY_HOP_SET: ReadonlySet<string> = new Set(HOP_BY_HOP);

/**
 * Fields that are kept even if `Connection` names them: they are meant for the final recipient, or were set by a proxy
 * in front. Naming them in `Connection` is a mistake or an attack. Envoy ignores it, too.
 */
const END_TO_END =
  /^(?:age|authorization|cache-control|cookie|date|etag|expires|forwarded|host|if-.*|location|range|set-cookie|vary|via|x-real-ip|content-.*|x-forwarded-.*)$/;

/** Removes hop-by-hop fields, including those that `Connection` names, from headers that all came from the peer. */
export function dropHopByHop(headers: Headers): void {
  const named = fieldsNamedBy(headers.get("connection"));
  dropAlwaysHopByHop(headers);
  for (const name of named) headers.delete(name);
}

/**
 * A copy without the fields that are always hop-by-hop, or the same object if there are none. What `Connection` names
 * is kept.
 */
export function withoutHopByHop(headers: Headers): Headers {
  if (!HOP_BY_HOP.some((name) => headers.has(name))) return headers;
  const copy = new Headers(headers);
  dropAlwaysHopByHop(copy);
  return copy;
}

/** Whether a field is always hop-by-hop. */
export function isHopByHop(name: string): boolean {
  return HOP_BY_HOP_SET.has(name.toLowerCase());
}

/**
 * Removes the fields that the client's `Connection` names from an inbound request. This must happen before the
 * application copies and edits the fields, because later nothing tells the client's fields from the application's.
 *
 * `Connection` keeps only the options that servers need (`close`, `keep-alive`, `Upgrade`), so it names no field any
 * more. Returns a new request where the headers are immutable (Deno.serve).
 */
export function withoutFieldsNamedByConnection(inbound: Request): Request {
  const connection = inbound.headers.get("connection");
  if (connection === null || COMMON_VALUES.has(connection)) return inbound;
  const options = connection.split(",").map((option) => option.trim());
  const kept = options.filter((option) => NOT_FIELDS.has(option.toLowerCase()) || isHopByHop(option));
  if (kept.length === options.length) return inbound;
  const named = fieldsNamedBy(connection);
  try {
    removeNamed(inbound.headers, named, kept);
    return inbound;
  } catch {
    // Deno.upgradeWebSocket needs the server's own request, so a WebSocket request is returned unchanged.
    if (inbound.headers.get("upgrade")?.toLowerCase() === "websocket" && inbound.method === "GET")
      return inbound;
  }
  const headers = new Headers(inbound.headers);
  removeNamed(headers, named, kept);
  return inbound.bodyUsed
    ? new Request(inbound.url, { method: inbound.method, headers, signal: inbound.signal })
    : new Request(inbound, { headers });
}

/** Connection options that do not name a field. */
const NOT_FIELDS: ReadonlySet<string> = new Set(["close", "keep-alive"]);

/** Fast path: the values that nearly all clients send. They name no field. */
const COMMON_VALUES: ReadonlySet<string> = new Set(["keep-alive", "close", "Upgrade", "upgrade"]);

function removeNamed(headers: Headers, named: readonly string[], kept: readonly string[]): void {
  for (const name of named) headers.delete(name);
  if (kept.length === 0) headers.delete("connection");
  else headers.set("connection", kept.join(", "));
}

function dropAlwaysHopByHop(headers: Headers): void {
  for (const name of HOP_BY_HOP) if (headers.has(name)) headers.delete(name);
}

/** The fields that a value of `Connection` names. An item that is not a token cannot name a field. */
export function fieldsNamedBy(connection: string | null): string[] {
  if (connection === null || COMMON_VALUES.has(connection)) return [];
  return connection.split(",").flatMap((part) => {
    const name = part.trim().toLowerCase();
    const isKept = NOT_FIELDS.has(name) || HOP_BY_HOP_SET.has(name) || END_TO_END.test(name);
    return isKept || !TOKEN_TEXT.test(name) ? [] : [name];
  });
}
