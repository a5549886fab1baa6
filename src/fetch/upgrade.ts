/** Upgrade: `pool.upgrade()`, which asks for another protocol and gives the socket on which it is spoken. */

import type { Duration } from "../contract/duration.ts";
import { excerpt, quoted } from "../contract/excerpt.ts";
import { MAX_HOSTNAME, type Origin, tryParse, upgradeOriginOf } from "../contract/origin.ts";
import { unsentReason } from "../contract/user-functions.ts";
import type { Wire } from "../contract/wire.ts";
import { Exchange } from "../exchange/exchange.ts";
import type { ResponseCallbacks, WireRequest, WireResponse } from "../exchange/message.ts";
import { type UpgradedSocket, upgradedSocket } from "../exchange/upgraded-socket.ts";
import { checkMethod, NO_FIELDS, requestFields } from "../http1/send/request-head.ts";
import { FIELD_TEXT } from "../http1/syntax.ts";
import { refuseUnknown } from "../options/checks.ts";
import type { PooledConnection } from "../pool/connection.ts";
import { type HeadersSource, headerPairs, isRepeatable, refuseLengthAlone, signalOf } from "./arguments.ts";
import { type CallContext, type ReadContext, usualFor } from "./call-context.ts";
import { callDeadlines } from "./call-options.ts";
import { PoolResponse } from "./pool-response.ts";

/** Options of {@linkcode Pool.upgrade}. */
export interface UpgradeOptions {
  /**
   * Value of `Upgrade`: the protocol to switch to, or several in order of preference (`"websocket"`, `"tcp"`). Required, but for
   * CONNECT, which has none.
   */
  readonly protocol?: string;
  /** Sent as it is. `"CONNECT"` asks for a tunnel to `authority`. @default "GET" */
  readonly method?: string;
  /** Where a tunnel goes, with CONNECT: `"db.internal:5432"`. Required there, and refused elsewhere. */
  readonly authority?: string;
  /**
   * Sent as they are, like those of `request()`. `Upgrade` and `Connection` are written by the pool, and refused here.
   * @default none
   */
  readonly headers?: HeadersSource;
  /**
   * Ends the request when it is aborted; the promise rejects with its reason, untouched. Once the promise is settled it has no
   * effect: use `socket.abort()`. @default none
   */
  readonly signal?: AbortSignal | null;
  /** Replaces the pool's `headersTimeout`: how long the answer may take. Nothing has a deadline after it. @default the pool's */
  readonly headersTimeout?: Duration;
  /** Replaces the pool's `bodyIdleTimeout`, for the body of an answer that is not the upgrade. @default the pool's */
  readonly bodyIdleTimeout?: Duration;
  /** Replaces the pool's `requestTimeout`, which ends with the upgrade. @default the pool's */
  readonly requestTimeout?: Duration;
  /** Anything: events of the request have it as their `tag`. See {@linkcode CallOptions.tag}. @default none */
  readonly tag?: unknown;
}

const KNOWN_OPTIONS = {
  protocol: 0,
  method: 0,
  authority: 0,
  headers: 0,
  signal: 0,
  headersTimeout: 0,
  bodyIdleTimeout: 0,
  requestTimeout: 0,
  tag: 0,
} as const satisfies Record<keyof UpgradeOptions, 0>;

/** What an upgrade is sent with, or how to get it. */
export type UpgradeContext = CallContext | (() => Promise<CallContext>);

/** What `pool.upgrade()` resolves to. */
export class UpgradeResponse extends PoolResponse {
  /**
   * The socket, if the server switched protocols (101) or opened the tunnel (2xx to CONNECT). `undefined`: it answered otherwise,
   * and the body of that answer is to be read or discarded.
   */
  readonly socket: UpgradedSocket | undefined;

  /** Made by the pool. */
  constructor(response: WireResponse, socket: UpgradedSocket | undefined) {
    super(response);
    this.socket = socket;
  }
}

/** Asks for another protocol. `context` is loaded where the transport is not there yet. The arguments are read in the call. */
export function sendUpgrade(
  reading: ReadContext,
  context: UpgradeContext,
  url: string | URL,
  options: UpgradeOptions,
  calledAt: number = reading.clock.now(),
): Promise<UpgradeResponse> {
  return new Promise((resolve, reject) => {
    const request = { ...readUpgrade(reading, url, options), calledAt };
    const call = new UpgradeCall(request.origin, resolve, reject);
    if (typeof context !== "function") return start(context, request, call);
    context()
      .then((loaded) => start(loaded, request, call))
      .catch(reject);
  });
}

function start({ pool }: CallContext, request: WireRequest, call: UpgradeCall): void {
  const { signal } = request;
  if (signal?.aborted === true) return call.reject(unsentReason(signal.reason));
  new Exchange(pool, request, call).start();
}

/** One call of `upgrade`. */
class UpgradeCall implements ResponseCallbacks {
  readonly #origin: Origin;
  readonly #resolve: (response: UpgradeResponse) => void;
  readonly #reject: (error: unknown) => void;
  #socket: UpgradedSocket | undefined = undefined;
  #isOver = false;

  constructor(
    origin: Origin,
    resolve: (response: UpgradeResponse) => void,
    reject: (error: unknown) => void,
  ) {
    this.#origin = origin;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The methods of a user's socket, called here, may abort the request. Then nobody else has the socket. */
  switched(connection: PooledConnection<Wire>, early: Uint8Array): void {
    const socket = upgradedSocket(connection.handOver(), early, this.#origin.key);
    if (this.#isOver) socket.abort();
    else this.#socket = socket;
  }

  reject(error: unknown): void {
    this.#isOver = true;
    this.#reject(error);
  }

  resolve(response: WireResponse): void {
    this.#resolve(new UpgradeResponse(response, this.#socket));
  }
}

/** @throws {TypeError | RangeError} naming what is wrong. */
function readUpgrade(context: ReadContext, url: string | URL, options: UpgradeOptions): WireRequest {
  const { origin, target } = context.urls.read(url);
  if (typeof options !== "object" || options === null)
    throw new TypeError("upgrade needs options: the protocol to switch to");
  if ("body" in options)
    throw new TypeError(
      "body must not be given to upgrade: what is sent belongs into the socket, after the answer",
    );
  refuseUnknown(options, KNOWN_OPTIONS, "upgrade option");
  const { method = "GET", headers } = options;
  const fields = headers === undefined ? NO_FIELDS : requestFields(headerPairs(headers));
  if (fields.names.has("connection"))
    throw new TypeError('Header "connection" must not be set: an upgrade says what belongs there');
  refuseLengthAlone(fields);
  const common = {
    origin: upgradeOriginOf(origin),
    signal: signalOf(options.signal),
    deadlines: callDeadlines(options, usualFor(context, origin)),
    body: undefined,
    doubt: false as const,
    tag: options.tag,
  };
  if (method === "CONNECT") {
    const authority = authorityOf(options);
    return {
      ...common,
      method,
      target: authority,
      repeatable: false,
      fields: { ...fields, host: authority },
    };
  }
  checkMethod(method);
  if (options.authority !== undefined)
    throw new TypeError("authority is for CONNECT: other methods ask for what the URL names");
  const repeatable = isRepeatable(method, fields, false);
  const upgrade = protocolOf(options.protocol);
  const lines = `${fields.lines}upgrade: ${upgrade}\r\n`;
  return { ...common, method, target, repeatable, fields: { ...fields, lines, upgrade } };
}

function protocolOf(protocol: unknown): string {
  if (typeof protocol !== "string" || protocol.trim() === "" || !FIELD_TEXT.test(protocol))
    throw new TypeError(`protocol must name the protocol to switch to: current value is ${shown(protocol)}`);
  if (isHttp2(protocol))
    throw new TypeError(`protocol must not be "h2c": HTTP/2 has its own way (RFC 9113 §3.3)`);
  return protocol;
}

function isHttp2(protocol: string): boolean {
  return protocol.split(",").some((one) => one.trim().toLowerCase() === "h2c");
}

function authorityOf({ authority, protocol }: UpgradeOptions): string {
  if (protocol !== undefined)
    throw new TypeError("protocol must not be given with CONNECT, which opens a tunnel");
  if (typeof authority !== "string" || !isAuthority(authority))
    throw new TypeError(`authority must be "host:port" with CONNECT: current value is ${shown(authority)}`);
  return authority;
}

/** Whether it is a name or address and a port, and nothing that ends the line or begins another part of a URL. */
function isAuthority(text: string): boolean {
  const colon = text.lastIndexOf(":");
  const [host, port] = [text.slice(0, colon), text.slice(colon + 1)];
  const number = Number(port);
  if (text.length > MAX_HOSTNAME || String(number) !== port || number < 1 || number > 65_535) return false;
  return tryParse(`http://${host}/`)?.host === host.toLowerCase() && Number.isInteger(number);
}

function shown(value: unknown): string {
  return typeof value === "string" ? quoted(excerpt(value)) : `of type ${typeof value}`;
}
