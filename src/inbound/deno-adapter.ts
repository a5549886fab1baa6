/**
 * The adapter for Deno.serve, which shows address and port, and has no means to end a connection. Deno 2.9 sends
 * `Connection: close` and keeps the connection open, and has no idle timeout. So the rules are only advice there.
 */

import { parseConnection } from "../rules/persistence.ts";
import type { Announcement } from "../rules/server-side.ts";
import { type ResponseFields, type ServerAdapter, setFields } from "./server-adapter.ts";

/** The part of `Deno.ServeHandlerInfo` that is used. */
interface DenoInfo {
  /** Settles when the response was sent or given up (Deno 1.44 and later). */
  readonly completed?: Promise<void>;
  readonly remoteAddr?: { readonly hostname?: string; readonly port?: number };
}

/**
 * Requests of Deno.serve that run in this process, and servers that are being shut down. A request does not show which
 * server it came through, so while one shuts down, the responses of all say `close`.
 */
export const denoRequests: { running: number; closing: number } = { running: 0, closing: 0 };

/** The adapter for a request to Deno.serve. A Unix socket has none: its connections cannot be told apart. */
export function denoAdapter(bindings: object, request: Request): ServerAdapter | undefined {
  const { remoteAddr, completed } = bindings as DenoInfo;
  const { hostname, port } = remoteAddr ?? {};
  if (hostname === undefined || port === undefined) return undefined;
  return {
    server: "deno",
    enforcement: "advisory",
    minorVersion: 1,
    addsKeepAlive: false,
    key: `${hostname} ${port}`,
    // Read when the response is made, because the shutdown may begin while the handler runs.
    get willClose() {
      return denoRequests.closing > 0 || parseConnection(request.headers.get("connection") ?? "").close;
    },
    requestStarted() {
      if (completed === undefined) return;
      denoRequests.running += 1;
      const ended = (): void => {
        denoRequests.running -= 1;
      };
      completed.then(ended, ended);
    },
    writeAnnouncement: (headers: ResponseFields, announcement: Announcement) =>
      setFields(headers, announcement),
    closeWhenIdle() {},
  };
}
