/**
 * Inbound on Deno.serve: address and port, and nothing that could end a connection. Deno 2.9 sends `Connection: close`
 * and keeps the connection open, and has no idle timeout; so all that is said there is advice.
 */

import type { Announcement } from "../../rules/announce.ts";
import { parseConnection } from "../../rules/hints.ts";
import { type ServerAdapter, writeFields } from "./server.ts";

/** As much of `Deno.ServeHandlerInfo` as is used. */
interface DenoInfo {
  readonly remoteAddr?: { readonly hostname?: string; readonly port?: number };
}

/** The connection of a request to Deno.serve, unless it came over a Unix socket, where one is like the other. */
export function denoInbound(bindings: object, request: Request): ServerAdapter | undefined {
  const { hostname, port } = (bindings as DenoInfo).remoteAddr ?? {};
  if (hostname === undefined || port === undefined) return undefined;
  return {
    server: "deno",
    enforcement: "advisory",
    minorVersion: 1,
    announcesItself: false,
    key: `${hostname} ${port}`,
    ending: parseConnection(request.headers.get("connection") ?? "").close,
    begin() {},
    write: (headers: Headers, announcement: Announcement) => writeFields(headers, announcement),
    closeAfter() {},
  };
}
