/** Hop fields: those of a stub's request that belong to the way to the object, and not to the way to the server. */

/** The URL of the request says the host; the framing is made anew; no connection of the caller's reaches the object. */
const DROPPED: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** The fields to send on, without those that `Connection` names (RFC 9110 §7.6.1). */
export function headersAsSent(headers: Headers): [name: string, value: string][] {
  const named = new Set(
    (headers.get("connection") ?? "")
      .toLowerCase()
      .split(",")
      .map((name) => name.trim()),
  );
  return [...headers].filter(([name]) => !DROPPED.has(name) && !named.has(name));
}
