/**
 * Open connections of `node:http` and `node:http2` servers, as far as requests have led to them. Node lists none: not the
 * sockets that have not sent anything yet, and not the sessions of HTTP/2, both of which would delay a shutdown.
 */

/** The part of a socket that is used. */
export interface InboundSocket {
  readonly bytesRead?: number;
  once?(event: "close", listener: () => void): unknown;
  destroy?(): void;
}

/** The part of `http2.ServerHttp2Session` that a shutdown uses. */
export interface InboundSession {
  readonly closed: boolean;
  readonly destroyed: boolean;
  close(): void;
  destroy?(): void;
}

interface Open {
  readonly sockets: Set<InboundSocket>;
  readonly sessions: Set<InboundSession>;
}

interface Listener {
  on?(event: "connection", listener: (socket: InboundSocket) => void): unknown;
}

const byServer: WeakMap<object, Open> = new WeakMap();

/** What is known of a server. The first call, with its first request, begins to list the sockets that come later. */
export function openOf(server: object): Open {
  const known = byServer.get(server);
  if (known !== undefined) return known;
  const open: Open = { sockets: new Set(), sessions: new Set() };
  byServer.set(server, open);
  (server as Listener).on?.("connection", (socket) => {
    open.sockets.add(socket);
    socket.once?.("close", () => open.sockets.delete(socket));
  });
  return open;
}
