/** `forwardUpgrades()`: passes the upgrades of a `node:http` server on, of which its request handlers see nothing. */

import { originOf } from "../../contract/origin.ts";
import type { UpgradeOptions, UpgradeResponse } from "../../fetch/upgrade.ts";
import { callable, refuseUnknown } from "../../options/checks.ts";
import { plainAddress } from "../forward/client-side.ts";
import { type HopSettings, hopSettings, type Trust } from "../forward/forward-options.ts";
import type { ForwardingFields } from "../forward/forwarding-fields.ts";
import { removeLookalikes } from "../forward/outgoing-fields.ts";
import { ClientRequestError } from "../upstream/client-errors.ts";
import { hasDotSegments } from "../upstream/dot-segments.ts";
import { errorStatus, RETRY_AFTER, UpstreamProtocolError } from "../upstream/error-response.ts";
import { type ClientSocket, endWith, join, toClient } from "./client-socket.ts";
import { answerHead, isAsked, outgoingUpgradeFields } from "./upgrade-fields.ts";

/** A client's request for another protocol. */
export interface UpgradeRequest {
  /** As the client sent it; `GET` for a WebSocket. */
  readonly method: string;
  /** Path and query as they came; they begin with `/`, and the path has no dot segments. */
  readonly url: string;
  /** The client's fields, all of them. */
  readonly headers: Headers;
  /** The client's address; `undefined` with a Unix socket. */
  readonly remoteAddress: string | undefined;
}

/** Where an upgrade goes: the whole URL. `undefined`: nowhere, and the client gets a 404. */
export type UpgradeRoute = (
  request: UpgradeRequest,
) => string | URL | undefined | Promise<string | URL | undefined>;

/** What {@linkcode ForwardUpgradesOptions.onEvent} is told. */
export interface UpgradeFailed {
  /** Tells this event from others. */
  readonly type: "upgrade.failed";
  /** What the client was answered; 499 if it had left. */
  readonly status: number;
  /** What the client asked for: path and query as they came. */
  readonly url: string;
  /** Why. */
  readonly error: unknown;
}

/** Options of {@linkcode forwardUpgrades}. */
export interface ForwardUpgradesOptions {
  /** Changes the fields that are sent. Those that belong to one hop are out, and those that tell of this hop are in. @default none */
  readonly edit?: (headers: Headers, request: UpgradeRequest) => void;
  /** Which proxies in front are trusted to have told the truth about the hops before them, as with {@linkcode forward}. @default false */
  readonly trust?: Trust<UpgradeRequest>;
  /** The fields that tell the upstream of the client, as with {@linkcode forward}. Off: `false`. @default "x-forwarded" */
  readonly forwarded?: ForwardingFields | false;
  /**
   * The name of this gateway in `Via`. A request that has it already is answered with 508. Off: `false`.
   * @default "holdfast-" and a random word, one for each process
   */
  readonly via?: string | false;
  /** Called when an upgrade fails. Off: `() => {}`. @default `() => {}` */
  readonly onEvent?: (event: UpgradeFailed) => void;
}

const KNOWN = {
  edit: 0,
  trust: 0,
  forwarded: 0,
  via: 0,
  onEvent: 0,
} as const satisfies Record<keyof ForwardUpgradesOptions, 0>;

/** Checked options. */
interface UpgradeSettings extends HopSettings<UpgradeRequest> {
  readonly edit: (headers: Headers, request: UpgradeRequest) => void;
  readonly onEvent: (event: UpgradeFailed) => void;
}

/** The part of `http.IncomingMessage` that is used. */
interface IncomingUpgrade {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
  readonly headers: { readonly cookie?: string | undefined };
}

/** What is used of a pool. */
export interface UpgradingPool {
  /** See `Pool.upgrade`. */
  readonly upgrade: (url: string | URL, options: UpgradeOptions) => Promise<UpgradeResponse>;
}

type UpgradeListener = (request: IncomingUpgrade, socket: ClientSocket, head: Uint8Array) => void;

/** A server of `node:http` or `node:https`, such as `serve()` of @hono/node-server gives. */
export interface UpgradingServer {
  /** Adds a listener of upgrades, which `node:http` then leaves to it. */
  on(event: "upgrade", listener: never): unknown;
  /** Takes the listener away. */
  off(event: "upgrade", listener: never): unknown;
}

/**
 * Passes WebSockets and other upgrades of a server on to where `route` says, byte by byte in both directions, with backpressure
 * and half-close. The function returned ends that; connections that are upgraded go on.
 *
 * An answer of the upstream that is not 101 is passed on, and the client's connection closed. A failure is answered with 400,
 * 404, 500, 501, 502, 503, 504 or 508.
 *
 * @throws {TypeError} for an unknown or wrong option; it names the option and the value.
 *
 * @example
 * ```ts
 * const server = serve({ fetch: app.fetch, port: 8080 }); // @hono/node-server
 * forwardUpgrades(server, pool, ({ url }) => (url.startsWith("/live") ? `http://backend:9000${url}` : undefined));
 * ```
 */
export function forwardUpgrades(
  server: UpgradingServer,
  pool: UpgradingPool,
  route: UpgradeRoute,
  options: ForwardUpgradesOptions = {},
): () => void {
  if (typeof server?.on !== "function" || typeof server.off !== "function")
    throw new TypeError("server must be a server of node:http: Deno.serve and Bun.serve show no sockets");
  callable(route, "route");
  refuseUnknown(options, KNOWN, "forwardUpgrades option");
  const { edit = () => {}, onEvent = () => {}, trust = false, forwarded = "x-forwarded", via } = options;
  const chosen: UpgradeSettings = {
    edit: callable(edit, "edit"),
    onEvent: callable(onEvent, "onEvent"),
    ...hopSettings<UpgradeRequest>({ trust, forwarded, via }),
  };
  const listener: UpgradeListener = (request, socket, head) => {
    void new ForwardedUpgrade(pool, route, chosen).run(request, socket, head);
  };
  server.on("upgrade", listener as never);
  return () => void server.off("upgrade", listener as never);
}

/** One upgrade of a client. */
class ForwardedUpgrade {
  readonly #pool: UpgradingPool;
  readonly #route: UpgradeRoute;
  readonly #settings: UpgradeSettings;
  readonly #controller = new AbortController();

  constructor(pool: UpgradingPool, route: UpgradeRoute, settings: UpgradeSettings) {
    this.#pool = pool;
    this.#route = route;
    this.#settings = settings;
  }

  async run(incoming: IncomingUpgrade, client: ClientSocket, head: Uint8Array): Promise<void> {
    const { url = "" } = incoming;
    // What the client sends before there is an upstream waits in the kernel.
    client.pause();
    // Without a listener an error of the socket would end the process.
    client.on("error", () => {});
    client.on("close", () => this.#controller.abort(new Error("The client has left")));
    client.setTimeout(0);
    try {
      const { asked, answer } = await this.#ask(incoming, client);
      if (answer === undefined) return end(client, 404);
      const { socket } = answer;
      if (socket === undefined) return await passOn(client, answer);
      const protocol = answer.headers.get("upgrade");
      if (protocol === null || !isAsked(protocol, asked)) {
        socket.abort();
        throw new UpstreamProtocolError();
      }
      client.write(
        answerHead(101, answer.statusText || "Switching Protocols", answer.headers, "Upgrade"),
        "latin1",
      );
      join(client, socket, head);
    } catch (error) {
      const left = this.#controller.signal.aborted;
      const status = left ? 499 : statusOf(error);
      end(client, status);
      this.#settings.onEvent({ type: "upgrade.failed", status, url, error });
    }
  }

  async #ask(
    { method = "GET", url = "", rawHeaders, headers: parsed }: IncomingUpgrade,
    client: ClientSocket,
  ): Promise<{ asked: string; answer: UpgradeResponse | undefined }> {
    if (!url.startsWith("/") || hasDotSegments(url))
      throw new ClientRequestError(400, "its path is not allowed");
    const remoteAddress = plainAddress(client.remoteAddress);
    const headers = headersOf(rawHeaders);
    const asked = headers.get("upgrade") ?? "";
    if (isAsked("h2c", asked)) throw new ClientRequestError(400, "HTTP/2 is not spoken on this connection");
    const { trusted, forwarded, via, edit } = this.#settings;
    const request: UpgradeRequest = { method, url, headers, remoteAddress };
    const out = outgoingUpgradeFields(headers, {
      hop: {
        address: remoteAddress,
        host: headers.get("host") ?? "",
        protocol: client.encrypted === true ? "https" : "http",
      },
      trusted: trusted(request),
      forwarded,
      via,
      version: "1.1",
      cookie: parsed.cookie,
      host: undefined,
    });
    const target = await this.#route(request);
    if (target === undefined) return { asked, answer: undefined };
    originOf(target);
    edit(out, request);
    removeLookalikes(out);
    const { signal } = this.#controller;
    const answer = await this.#pool.upgrade(target, { method, protocol: asked, headers: out, signal });
    return { asked, answer };
  }
}

function statusOf(error: unknown): number {
  return errorStatus(error) ?? 500;
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers();
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at] ?? "", raw[at + 1] ?? "");
  return headers;
}

/** An answer that is no upgrade. It ends with the connection, unless it has a length. */
async function passOn(client: ClientSocket, answer: UpgradeResponse): Promise<void> {
  client.write(answerHead(answer.status, answer.statusText, answer.headers, "close"), "latin1");
  client.resume();
  await toClient(client, answer.body.getReader());
}

const REASONS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  404: "Not Found",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  508: "Loop Detected",
};

/** Ends the client's connection with a status and nothing else. */
function end(client: ClientSocket, status: number): void {
  if (client.destroyed || client.writableEnded) return;
  const retry = status === 503 ? `retry-after: ${RETRY_AFTER}\r\n` : "";
  const reason = REASONS[status] ?? "Internal Server Error";
  client.write(
    `HTTP/1.1 ${status} ${reason}\r\nconnection: close\r\n${retry}content-length: 0\r\n\r\n`,
    "latin1",
  );
  endWith(client);
}
