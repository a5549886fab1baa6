/**
 * The adapter for Deno.serve, which shows address and port, and has no means to end a connection. Deno 2.9 sends
 * `Connection: close` and keeps the connection open, and has no idle timeout. So the rules are only advice there.
 */

import { parseConnection } from "../../rules/persistence.ts";
import type { Announcement } from "../../rules/server-side.ts";
import { type ServerAdapter, setFields } from "./server-adapter.ts";

/** The part of `Deno.ServeHandlerInfo` that is used. */
interface DenoInfo {
  readonly remoteAddr?: { readonly hostname?: string; readonly port?: number };
}

/** The adapter for a request to Deno.serve. A Unix socket has none: its connections cannot be told apart. */
export function denoAdapter(bindings: object, request: Request): ServerAdapter | undefined {
  const { hostname, port } = (bindings as DenoInfo).remoteAddr ?? {};
  if (hostname === undefined || port === undefined) return undefined;
  return {
    server: "deno",
    enforcement: "advisory",
    minorVersion: 1,
    addsKeepAlive: false,
    key: `${hostname} ${port}`,
    willClose: parseConnection(request.headers.get("connection") ?? "").close,
    requestStarted() {},
    writeAnnouncement: (headers: Headers, announcement: Announcement) => setFields(headers, announcement),
    closeWhenIdle() {},
  };
}
