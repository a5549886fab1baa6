/** `keepAliveServer()`: the rules of `keepAlive()` for a server of `node:http` or `node:http2`, without a framework. */

import { type Clock, systemClock } from "../contract/clock.ts";
import { ConnectionTracker, type TrackedRequest } from "../inbound/connection-tracker.ts";
import { http2Adapter } from "../inbound/http2-adapter.ts";
import type { KeepAliveListener } from "../inbound/keep-alive-events.ts";
import { type KeepAliveRules, resolveKeepAlive } from "../inbound/keep-alive-rules.ts";
import { liftIdleTimeout, nodeAdapter } from "../inbound/node-adapter.ts";
import { openOf } from "../inbound/open-connections.ts";
import { type ShutdownOptions, type ShutdownReport, shutdown } from "../inbound/shutdown.ts";
import type { NodeServerLike } from "../inbound/stoppable-server.ts";
import { callable, objectWith, refuseUnknown, show } from "../options/checks.ts";
import type { ServerPreset } from "../rules/server-side.ts";
import { beforeHead, type ServerResponseLike } from "./outgoing-head.ts";

/** A server of `node:http`, `node:https` or `node:http2`, on Node, Deno or Bun. */
export interface KeepAliveServer extends NodeServerLike {
  /** Tells its listeners of a request. */
  emit(event: string, ...args: unknown[]): boolean;
  /** Adds a listener. */
  on(event: string, listener: (...args: never[]) => void): unknown;
}

/** Options of {@linkcode keepAliveServer} that are not rules. */
export interface KeepAliveServerOptions {
  /** Called when a rule ends a connection. @default no listener */
  readonly onEvent?: KeepAliveListener;
  /** The clock, for tests. @default the runtime's */
  readonly clock?: Clock;
  /** Random numbers in [0, 1) for the jitter, for tests. @default Math.random */
  readonly random?: () => number;
}

/** What {@linkcode keepAliveServer} returns. It needs no `this`. */
export interface KeepAliveHandle {
  /**
   * From now on each response is the last on its connection (`Connection: close`; over HTTP/2, GOAWAY at once), though the
   * server still accepts connections. Call it when a load balancer is told to send nothing more, some seconds before
   * `shutdown()`. It cannot be undone.
   */
  drain(): void;
  /**
   * Ends the server in order: it refuses new connections, ends idle ones, says `Connection: close` (GOAWAY over HTTP/2) with
   * each response that begins now, lets running requests end, and then closes the pools. What is not done within `timeout`
   * (default 10 s) is cut off. Later calls get the report of the first.
   *
   * @throws {TypeError | RangeError} (rejects) for an unknown or wrong option; it names the option and the value.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>;
}

const DEFAULTS = { onEvent: () => {}, clock: systemClock, random: Math.random };

/** Checks options and fills in the defaults. @throws {TypeError} naming the option and the value. */
function settingsOf(options: KeepAliveServerOptions): Required<KeepAliveServerOptions> {
  objectWith(options, "options", []);
  refuseUnknown(options, DEFAULTS, "keepAliveServer option");
  const { onEvent, clock, random } = { ...DEFAULTS, ...options };
  return {
    onEvent: callable(onEvent, "onEvent"),
    clock: objectWith(clock, "clock", ["now", "turn"]),
    random: callable(random, "random"),
  };
}

/**
 * Gives the connections of a server an idle timeout, a number of requests and a lifetime, by the rules of the middleware
 * `keepAlive()`. Clients are told by `Keep-Alive` and `Connection`, over HTTP/2 by GOAWAY, and the server closes connections
 * as it said. The server may listen already. Its handlers need not know of it, whenever they are added.
 *
 * @throws {TypeError | RangeError} for anything that is no server, for a server that has rules already, and for an unknown,
 * wrong or impossible rule or option; it names the rule or option and the value.
 *
 * @example
 * ```ts
 * keepAliveServer(http.createServer(listener).listen(8080), behind("aws-alb"));
 * keepAliveServer(express().listen(8080), { idleTimeout: "75s", maxRequests: 1000 });
 * keepAliveServer(fastify.server, behind("nginx"));
 * ```
 */
export function keepAliveServer(
  server: KeepAliveServer,
  rules: KeepAliveRules | ServerPreset = {},
  options: KeepAliveServerOptions = {},
): KeepAliveHandle {
  const settings = settingsOf(options);
  const policy = resolveKeepAlive(rules);
  refuseOther(server);
  const tracker = new ConnectionTracker(policy, { ...settings, maxTracked: 0 });
  served.add(server);
  openOf(server);
  const requests = new ServerRequests(tracker, settings.clock);
  const { emit } = server;
  // Not a listener: what follows the last response of a connection must not be executed by those who listen.
  server.emit = function (this: KeepAliveServer, event, ...args): boolean {
    return requests.told(event, args) ? emit.call(this, event, ...args) : true;
  };
  return {
    drain: () => tracker.drain(),
    shutdown: (ending) => shutdown(server, ending),
  };
}

const served: WeakSet<object> = new WeakSet();

function refuseOther(server: unknown): void {
  const isServer =
    typeof server === "object" &&
    server !== null &&
    ["emit", "on", "close", "getConnections", "setTimeout"].every(
      (name) => typeof (server as Record<string, unknown>)[name] === "function",
    );
  if (!isServer) {
    throw new TypeError(
      `server must be a server of node:http, node:https or node:http2 (Express: what listen() returns; Fastify: app.server; Nest: app.getHttpServer()): current value is ${show(server)}`,
    );
  }
  if (served.has(server as object)) throw new TypeError("server has the rules of keepAliveServer() already");
}

/** The part of `http.IncomingMessage` that is used. */
interface IncomingLike {
  readonly httpVersionMajor: number;
  readonly headers: { readonly connection?: string };
  readonly stream?: object;
}

/** The part of `http2.ServerHttp2Stream` that is used. */
interface StreamLike {
  once(event: "finish" | "close", listener: () => void): unknown;
}

/** HTTP/2 has no fields to announce anything by: GOAWAY says it. */
const NO_FIELDS = { get: () => null, set() {}, delete() {} };

/** Follows the requests of one server from what it tells its listeners. */
class ServerRequests {
  readonly #tracker: ConnectionTracker;
  readonly #clock: Clock;
  /** A listener may pass a request on, as from `checkContinue` to `request`. */
  readonly #seen: WeakSet<object> = new WeakSet();

  constructor(tracker: ConnectionTracker, clock: Clock) {
    this.#tracker = tracker;
    this.#clock = clock;
  }

  /** The server is about to tell its listeners. Returns whether it may. */
  told(event: string, [first, second]: readonly unknown[]): boolean {
    switch (event) {
      case "request":
      case "checkContinue":
      case "checkExpectation":
        return this.#request(first as IncomingLike, second as ServerResponseLike);
      case "stream":
        this.#stream(first as StreamLike);
        return true;
      case "upgrade":
      case "connect":
        if (typeof second === "object" && second !== null) liftIdleTimeout(second);
        return true;
      default:
        return true;
    }
  }

  #request(incoming: IncomingLike, outgoing: ServerResponseLike): boolean {
    if (incoming.httpVersionMajor !== 1) {
      if (incoming.stream !== undefined) this.#stream(incoming.stream as StreamLike);
      return true;
    }
    if (this.#seen.has(outgoing)) return true;
    this.#seen.add(outgoing);
    const adapter = nodeAdapter({ incoming, outgoing });
    if (adapter === undefined) return true;
    const request = this.#tracker.requestStarted(adapter);
    if (request === undefined) return refused(outgoing);
    beforeHead(outgoing, (status, fields) => {
      this.#tracker.beforeResponse(request, incoming.headers.connection, status === 101 ? undefined : fields);
    });
    outgoing.once("close", () => this.#tracker.requestEnded(request));
    return true;
  }

  /** A request over HTTP/2, whether the server listens for streams or for requests. */
  #stream(stream: StreamLike): void {
    if (this.#seen.has(stream)) return;
    this.#seen.add(stream);
    const adapter = http2Adapter(
      { incoming: { httpVersionMajor: 2, stream }, outgoing: stream },
      this.#clock,
    );
    const request = adapter === undefined ? undefined : this.#tracker.requestStarted(adapter);
    if (request === undefined) return;
    stream.once("close", () => this.#streamEnded(request));
  }

  #streamEnded(request: TrackedRequest): void {
    this.#tracker.beforeResponse(request, undefined, NO_FIELDS);
    this.#tracker.requestEnded(request);
  }
}

/** RFC 9112 §9.6: requests pipelined behind the last response must not be executed. */
function refused(outgoing: ServerResponseLike): false {
  outgoing.writeHead(503, { connection: "close" });
  outgoing.end();
  return false;
}
