/** Server WebSocket: the runtime's own WebSocket towards the client, on Deno.serve and Bun.serve. */

/** The client's WebSocket, once it is open. */
export interface ClientWebSocket {
  /** Bytes that wait for the client. */
  readonly waiting: number;
  /** @throws if the runtime does not take the message. */
  send(message: string | Uint8Array<ArrayBuffer>): void;
  /** Without a code: an empty Close. */
  close(code?: number, reason?: string): void;
}

/** What a client's WebSocket tells. */
export interface ClientWebSocketHandler {
  opened(client: ClientWebSocket): void;
  message(message: string | Uint8Array): void;
  closed(code: number, reason: string): void;
}

/** Answers the client with 101. `undefined`: its request is not one for a WebSocket. */
export type AcceptWebSocket = (
  request: Request,
  protocol: string | undefined,
  handler: ClientWebSocketHandler,
) => Response | undefined;

/** The part of the WebSockets of Deno.serve that is used. */
interface DenoWebSocket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: (() => void) | null;
  onmessage: ((event: { readonly data: string | ArrayBuffer }) => void) | null;
  onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(message: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

interface DenoUpgrades {
  upgradeWebSocket?(
    request: Request,
    options: { readonly protocol?: string },
  ): { readonly socket: DenoWebSocket; readonly response: Response };
}

/** The part of the WebSockets of Bun.serve that is used. */
interface BunWebSocket {
  readonly data: unknown;
  send(message: string | Uint8Array): number;
  getBufferedAmount(): number;
  close(code?: number, reason?: string): void;
}

interface BunUpgrades {
  upgrade?(
    request: Request,
    options: { readonly data: unknown; readonly headers?: Readonly<Record<string, string>> },
  ): boolean;
}

/** How the server of this request accepts WebSockets; `undefined` if it shows none to a handler. */
export function webSocketsOf(env: unknown): AcceptWebSocket | undefined {
  if (typeof env !== "object" || env === null || "incoming" in env) return undefined;
  const { server } = env as { readonly server?: unknown };
  const bun = (typeof server === "object" && server !== null ? server : env) as BunUpgrades;
  if (typeof bun.upgrade === "function")
    return (request, protocol, handler) => acceptOnBun(bun, request, protocol, handler);
  // biome-ignore lint/style/noRestrictedGlobals: Deno.serve passes no server on, only the global upgrades its requests.
  const { Deno: deno } = globalThis as { readonly Deno?: DenoUpgrades };
  if (deno?.upgradeWebSocket === undefined || "incoming" in bun) return undefined;
  return (request, protocol, handler) => acceptOnDeno(deno, request, protocol, handler);
}

function acceptOnDeno(
  deno: DenoUpgrades,
  request: Request,
  protocol: string | undefined,
  handler: ClientWebSocketHandler,
): Response | undefined {
  let upgraded: ReturnType<NonNullable<DenoUpgrades["upgradeWebSocket"]>> | undefined;
  try {
    upgraded = deno.upgradeWebSocket?.(request, protocol === undefined ? {} : { protocol });
  } catch {
    return undefined;
  }
  if (upgraded === undefined) return undefined;
  const { socket, response } = upgraded;
  socket.binaryType = "arraybuffer";
  socket.onopen = () =>
    handler.opened({
      get waiting() {
        return socket.bufferedAmount;
      },
      send: (message) => socket.send(message),
      close: (code, reason) => socket.close(code, reason),
    });
  socket.onmessage = ({ data }) => handler.message(typeof data === "string" ? data : new Uint8Array(data));
  socket.onclose = ({ code, reason }) => handler.closed(code, reason);
  // Without a listener an error would be one that nobody caught. `close` follows.
  socket.onerror = () => {};
  return response;
}

/** The events that hono/bun and @hono/bun pass on, by which a server has one `websocket` for these and other handlers. */
interface HonoWebSocketEvents {
  onOpen(event: unknown, context: { readonly raw?: BunWebSocket }): void;
  onMessage(event: { readonly data: string | ArrayBuffer | Uint8Array }): void;
  onClose(event: { readonly code: number; readonly reason: string }): void;
}

function acceptOnBun(
  server: BunUpgrades,
  request: Request,
  protocol: string | undefined,
  handler: ClientWebSocketHandler,
): Response | undefined {
  const events: HonoWebSocketEvents = {
    onOpen(_, { raw }) {
      if (raw !== undefined) handler.opened(bunClient(raw));
    },
    onMessage: ({ data }) => handler.message(data instanceof ArrayBuffer ? new Uint8Array(data) : data),
    onClose: ({ code, reason }) => handler.closed(code, reason),
  };
  const data = { events, url: new URL(request.url), protocol: protocol ?? "" };
  const headers = protocol === undefined ? {} : { headers: { "sec-websocket-protocol": protocol } };
  return server.upgrade?.(request, { data, ...headers }) === true ? new Response(null) : undefined;
}

function bunClient(raw: BunWebSocket): ClientWebSocket {
  return {
    get waiting() {
      return raw.getBufferedAmount();
    },
    send(message) {
      // 0: dropped, but for an empty message, of which 0 bytes are sent. -1: it waits.
      if (raw.send(message) === 0 && message.length > 0) throw new Error("Bun has dropped a message");
    },
    close: (code, reason) => raw.close(code, reason),
  };
}
