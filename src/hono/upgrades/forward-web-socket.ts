/** `forwardWebSocket()`: a handler that passes a WebSocket on, on servers that show a handler a WebSocket and no socket. */

import type { Context } from "hono";
import type { UpgradeResponse } from "../../fetch/upgrade.ts";
import { wholeNumber } from "../../options/checks.ts";
import { type ClientSide, clientSide } from "../forward/client-side.ts";
import { edited, fieldsOf, senderOf, sentPath } from "../forward/forward.ts";
import { type ForwardOptions, type ForwardSettings, forwardSettings } from "../forward/forward-options.ts";
import { returnedResponse } from "../forward/returned-response.ts";
import { baseOf } from "../forward/target.ts";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { UpstreamProtocolError } from "../upstream/error-response.ts";
import { fieldsNamedBy } from "../upstream/hop-by-hop.ts";
import type { UpstreamSender } from "../upstream/sender.ts";
import { type AcceptWebSocket, webSocketsOf } from "./server-web-socket.ts";
import { isAsked } from "./upgrade-fields.ts";
import { WebSocketPipe } from "./web-socket-pipe.ts";

/** Options of {@linkcode forwardWebSocket}: those of {@linkcode forward}, and one more. */
export interface ForwardWebSocketOptions extends ForwardOptions {
  /**
   * Bytes that may wait for an upstream that does not read, and that one of its messages may have. Beyond that the client's
   * WebSocket is closed with 1013 or 1009: neither Deno nor Bun can hold a client back. Off: `Number.MAX_SAFE_INTEGER`.
   * @default 16_777_216
   */
  readonly maxBuffered?: number | undefined;
}

const MAX_BUFFERED = 16_777_216;

/**
 * Passes a WebSocket on to `target`, message by message, on Deno.serve and Bun.serve, through the pool of {@linkcode upstream}.
 * Path, fields, `edit`, `trust` and the errors are those of {@linkcode forward}. The client is accepted once the upstream has
 * accepted: with the subprotocol that the upstream chose, or with the upstream's own answer if that is no 101. Close codes and
 * reasons pass both ways. An upstream that is gone without a Close is told as 1011, and a client by the end of the connection.
 *
 * Bun.serve needs a `websocket` handler as well: that of `hono/bun`.
 *
 * @throws {TypeError | RangeError} for an unknown or wrong option, a target that is not http(s), and on a `node:http` server,
 * for which there is {@linkcode forwardUpgrades}.
 * @throws The errors of the pool, and those for a client's faults, as `forward()` does.
 *
 * @example
 * ```ts
 * import { websocket } from "hono/bun";
 *
 * app.use(upstream());
 * app.get("/live/*", (c) => forwardWebSocket(c, "http://backend:9000"));
 * export default { fetch: app.fetch, websocket }; // Bun.serve; on Deno: Deno.serve(app.fetch)
 * ```
 */
export async function forwardWebSocket(
  c: Context,
  target: string | URL,
  options: ForwardWebSocketOptions = {},
): Promise<Response> {
  const { maxBuffered = MAX_BUFFERED, ...forwarding } = options;
  wholeNumber(maxBuffered, "maxBuffered", 1);
  const settings = forwardSettings(forwarding);
  const base = baseOf(target);
  const sender = senderOf(c);
  const accept = webSocketsOf(c.env);
  if (accept === undefined)
    throw new TypeError(
      "forwardWebSocket() is for Deno.serve and Bun.serve: use forwardUpgrades() elsewhere",
    );
  const { method, headers } = c.req.raw;
  if (method !== "GET" || !isAsked("websocket", headers.get("upgrade") ?? "")) return upgradeRequired();
  try {
    const { answer, key } = await ask(c, base, settings, sender);
    if (answer.socket === undefined) return returnedResponse(answer, method, undefined);
    return await joined(sender.original, answer, key, accept, maxBuffered);
  } catch (error) {
    throw sender.failed(error);
  }
}

/** RFC 9110 §15.5.22. */
function upgradeRequired(): Response {
  const headers = {
    upgrade: "websocket",
    connection: "Upgrade",
    "content-type": "text/plain; charset=UTF-8",
  };
  return new Response("Upgrade Required\n", { status: 426, statusText: "Upgrade Required", headers });
}

/** Fields of the handshake. Each hop has a handshake of its own, and the frames of this one have no extensions. */
const HANDSHAKE: ReadonlySet<string> = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-accept",
]);

async function ask(
  c: Context,
  base: string,
  settings: ForwardSettings,
  sender: UpstreamSender,
): Promise<{ answer: UpgradeResponse; key: string }> {
  const client: ClientSide = clientSide(c.env, sender.original);
  const path = sentPath(c, settings, client);
  const { fields, contentLength, isChunked } = fieldsOf(c, settings, client);
  if (isChunked || Number(contentLength ?? 0) !== 0)
    throw new ClientRequestError(400, "it asks for an upgrade and has a body");
  const { headers } = c.req.raw;
  if (headers.get("sec-websocket-version") !== "13" || headers.get("sec-websocket-key")?.length !== 24)
    throw new ClientRequestError(400, "its handshake is none of WebSocket 13");
  // `upstream()` has taken out what `Connection` names, but on Deno, where only the server's own request can be upgraded.
  const named = fieldsNamedBy(headers.get("connection"));
  const kept = fields.filter(([name]) => !HANDSHAKE.has(name) && !named.includes(name));
  const sent = settings.edit === undefined ? kept : await edited(kept, settings.edit, c);
  const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
  sent.push(["sec-websocket-version", "13"], ["sec-websocket-key", key]);
  const answer = await sender.upgrade(base + path, { protocol: "websocket", headers: sent });
  return { answer, key };
}

/** @throws {UpstreamProtocolError} for a 101 that is no answer to the handshake (RFC 6455 §4.1). */
async function joined(
  request: Request,
  { headers, socket }: UpgradeResponse,
  key: string,
  accept: AcceptWebSocket,
  maxBuffered: number,
): Promise<Response> {
  if (socket === undefined) throw new UpstreamProtocolError();
  const protocol = headers.get("sec-websocket-protocol") ?? undefined;
  const offered = request.headers.get("sec-websocket-protocol") ?? "";
  const isRight =
    headers.get("upgrade")?.toLowerCase() === "websocket" &&
    headers.get("sec-websocket-accept") === (await acceptOf(key)) &&
    !headers.has("sec-websocket-extensions") &&
    (protocol === undefined || offered.split(",").some((one) => one.trim() === protocol));
  if (!isRight) {
    socket.abort();
    throw new UpstreamProtocolError();
  }
  const response = accept(request, protocol, new WebSocketPipe(socket, maxBuffered));
  if (response !== undefined) return response;
  socket.abort();
  throw new ClientRequestError(400, "the server does not take its handshake");
}

/** RFC 6455 §4.2.2. */
async function acceptOf(key: string): Promise<string> {
  const text = new TextEncoder().encode(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
  return btoa(String.fromCharCode(...new Uint8Array(await crypto.subtle.digest("SHA-1", text))));
}
