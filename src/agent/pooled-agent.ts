/** Pooled agent: the `http.Agent` that hands the requests of `node:http` and `node:https` to a pool. */

import { Agent, type ClientRequestArgs } from "node:http";
import type { AgentOptions } from "node:https";
import type { Duplex } from "node:stream";
import { type Origin, upgradeOriginOf } from "../contract/origin.ts";
import type { ForwardedBy, Wire } from "../contract/wire.ts";
import type { FrontParts, Pool } from "../create-pool.ts";
import type { PooledConnection } from "../pool/connection.ts";
import type { ConnectionPool } from "../pool/pool.ts";
import { AgentExchange } from "./agent-exchange.ts";
import { AgentSocket } from "./agent-socket.ts";
import { callersContext } from "./callers-context.ts";
import type { ExchangeOwner } from "./exchange-owner.ts";
import { nodeError } from "./node-errors.ts";
import type { NodeRequest } from "./node-request.ts";
import {
  type CreateConnection,
  type NodeOptions,
  nameOf,
  type OpenCallback,
  openedByNode,
  Routes,
} from "./routes.ts";

/** What an agent is made of. */
export interface AgentParts {
  readonly pool: Pool;
  readonly front: FrontParts;
  readonly request: NodeOptions;
  readonly createConnection: CreateConnection | undefined;
  readonly socketTimeoutMs: number;
}

/** Sockets or requests by the name of their group, as tools read them. */
type ByName<Item> = Readonly<Record<string, readonly Item[]>>;

/** An `http.Agent` over a pool. */
export class PooledAgent extends Agent {
  readonly pool: Pool;
  /** As `http.Agent` sets it, without types. */
  declare readonly options: AgentOptions;
  readonly #parts: AgentParts;
  #routes: Routes | undefined;
  #owner: ExchangeOwner<AgentExchange> | undefined;
  /**
   * Requests that came here once already, on Deno. Its `node:http` (2.9) sends any request again by itself whose socket was reused, a
   * POST that was executed as well. Which requests may be sent again the pool has decided by then.
   */
  readonly #seen: WeakSet<NodeRequest> | undefined = "Deno" in globalThis ? new WeakSet() : undefined;
  /** Requests without a connection. */
  readonly #waiting: Set<AgentExchange> = new Set();

  constructor(parts: AgentParts) {
    const { rules } = parts.front.settings;
    super({ keepAlive: true });
    this.pool = parts.pool;
    this.#parts = parts;
    // Node's own listener would park sockets a second time.
    this.removeAllListeners("free");
    const reuses = rules.maxIdlePerOrigin > 0 && rules.maxIdle > 0;
    Object.assign(this, {
      // Without one it serves both schemes; see `portOf`.
      protocol: undefined,
      defaultPort: 80,
      keepAlive: reuses,
      // Node 24 has it, and a second unless told otherwise.
      agentKeepAliveTimeoutBuffer: rules.hintMarginMs ?? 1000,
      options: {
        __proto__: null,
        ...(parts.socketTimeoutMs > 0 ? { timeout: parts.socketTimeoutMs } : undefined),
      },
    });
    showSettings(this, {
      // A plain agent without a limit has `node:http` say `Connection: close`.
      maxSockets: reuses ? rules.maxConnectionsPerOrigin : Infinity,
      maxFreeSockets: rules.maxIdlePerOrigin,
      maxTotalSockets: rules.maxConnections,
      scheduling: rules.reuseOrder,
    });
    showViews(this, {
      sockets: () => this.#connections((record) => record.state === "active" || record.state === "draining"),
      freeSockets: () => this.#connections((record) => record.state === "idle"),
      requests: () => this.#requests(),
      totalSocketCount: () => parts.front.context?.pool.core.origins.open ?? 0,
    });
    if (parts.front.context === undefined) parts.front.load().catch(() => {});
  }

  /** Called by `node:http` for each request. */
  addRequest(
    request: NodeRequest,
    options: NodeOptions | string,
    port?: unknown,
    localAddress?: unknown,
  ): void {
    // The form that Node 0.10 had, which some wrappers still use.
    const given = typeof options === "string" ? { host: options, port, localAddress } : options;
    const { context } = this.#parts.front;
    if (this.#seen?.has(request) === true) return request.onSocket(undefined, hangUp());
    this.#seen?.add(request);
    if (context !== undefined) return this.#send(context.pool, request, given);
    const run = callersContext();
    this.#parts.front.load().then(
      (loaded) => run(() => this.#send(loaded.pool, request, given)),
      (error) => run(() => request.onSocket(undefined, nodeError(error))),
    );
  }

  override getName(options: NodeOptions = {}): string {
    return nameOf(options);
  }

  /** Opens a socket that the pool knows nothing of, as `http.Agent` does, for those who call it themselves. */
  override createConnection(
    options: ClientRequestArgs,
    callback?: (error: Error | null, socket: Duplex) => void,
  ): Duplex {
    const create = this.#parts.createConnection ?? openedByNode;
    const callBack = (callback ?? (() => {})) as OpenCallback;
    // Deno's types do not know that it may call back instead.
    return create(options as unknown as NodeOptions, callBack) as Duplex;
  }

  /**
   * Ends all its connections: idle ones, and those in use with their requests. Requests that wait, and new ones, get fresh
   * connections. The pool stays open: see {@linkcode Pool.close}.
   */
  override destroy(): void {
    const pool = this.#parts.front.context?.pool;
    if (pool === undefined) return;
    for (const connection of this.#own(pool)) {
      const { face } = connection;
      pool.retire(connection, "origin-drained");
      // Another agent of the same pool may have it.
      if (face instanceof AgentSocket && this.#uses(face)) face.destroy();
    }
  }

  #send(pool: ConnectionPool<Wire>, request: NodeRequest, given: NodeOptions): void {
    if (request.destroyed) return request.onSocket(undefined);
    const own = this.#parts.request;
    // As in Node, the options of the agent win.
    const options = Object.keys(own).length === 0 ? given : { ...given, ...own };
    this.#owner ??= {
      pool,
      waiting: this.#waiting,
      socketTimeoutMs: this.#parts.socketTimeoutMs,
    };
    let exchange: AgentExchange;
    try {
      const route = this.#routesOf(pool).of(options, request);
      const origin = connectionsFor(this.#parts.front, route.origin, request);
      exchange = new AgentExchange(this.#owner, request, origin, route.name);
    } catch (error) {
      return request.onSocket(undefined, nodeError(error));
    }
    exchange.start();
  }

  #uses({ link }: AgentSocket): boolean {
    return link instanceof AgentExchange && link.owner === this.#owner;
  }

  #routesOf(pool: ConnectionPool<Wire>): Routes {
    this.#routes ??= new Routes((origin) => pool.mayHearFirst(origin), this.#parts.createConnection);
    return this.#routes;
  }

  #own(pool: ConnectionPool<Wire>): PooledConnection<Wire>[] {
    const connections: PooledConnection<Wire>[] = [];
    for (const record of pool.core.origins.records())
      for (const { attachment } of record.connections)
        if (attachment?.face instanceof AgentSocket) connections.push(attachment);
    return connections;
  }

  #connections(wanted: (record: PooledConnection<Wire>["record"]) => boolean): ByName<AgentSocket> {
    const pool = this.#parts.front.context?.pool;
    const groups = grouped<AgentSocket>();
    if (pool === undefined) return groups;
    for (const { record, face } of this.#own(pool))
      if (face instanceof AgentSocket && wanted(record)) add(groups, face.groupName, face);
    return groups;
  }

  #requests(): ByName<NodeRequest> {
    const groups = grouped<NodeRequest>();
    for (const { groupName, request } of this.#waiting) add(groups, groupName, request);
    return groups;
  }
}

/** The error that `node:http` itself emits when a connection ends without a response. */
function hangUp(): Error {
  return Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });
}

function grouped<Item>(): Record<string, Item[]> {
  return Object.create(null) as Record<string, Item[]>;
}

function add<Item>(groups: Record<string, Item[]>, name: string, item: Item): void {
  const group = groups[name];
  if (group === undefined) groups[name] = [item];
  else group.push(item);
}

/** Options of the pool, by the names that Node's agent has for them. They cannot be changed: a write must not seem to do so. */
const SETTINGS: Readonly<Record<string, string>> = {
  maxSockets: "maxConnectionsPerOrigin",
  maxFreeSockets: "maxIdlePerOrigin",
  maxTotalSockets: "maxConnections",
  scheduling: "reuseOrder",
};

function showSettings(agent: object, values: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(values)) {
    const set = (): never => {
      throw new TypeError(`${name} of an agent cannot be changed: give ${SETTINGS[name]} to the pool`);
    };
    Object.defineProperty(agent, name, { get: () => value, set, enumerable: true });
  }
}

function showViews(agent: object, views: Readonly<Record<string, () => unknown>>): void {
  for (const [name, get] of Object.entries(views))
    Object.defineProperty(agent, name, { get, enumerable: true });
}

/**
 * A request for another protocol gets a connection whose directions end one by one, in a tunnel if there is a proxy. Any other
 * request needs all of its URL where a proxy reads it.
 */
function connectionsFor(front: FrontParts, origin: Origin, request: NodeRequest): Origin {
  if (request.method === "CONNECT" || request.hasHeader("upgrade")) return upgradeOriginOf(origin);
  const by = front.viaTo(origin)?.forwarding;
  if (by !== undefined) forwarded(request, `http://${origin.host}`, by);
  return origin;
}

/**
 * Writes the URL in absolute form (RFC 9112 §3.2.2), also where `node:http` has written the head already: the request may have waited
 * until the pool's code was loaded.
 */
function forwarded(request: NodeRequest, base: string, { authorization }: ForwardedBy): void {
  const before = `${request.method} ${request.path} `;
  const isAsterisk = request.method === "OPTIONS" && request.path === "*";
  if (!isAsterisk && request.path.startsWith("/")) request.path = base + request.path;
  const line = authorization === undefined ? "" : `Proxy-Authorization: ${authorization}\r\n`;
  const { _header: head } = request;
  if (typeof head !== "string" || head === "") {
    if (authorization !== undefined) request.setHeader("Proxy-Authorization", authorization);
    return;
  }
  const rest = head.slice(head.startsWith(before) ? before.length : 0);
  const end = rest.indexOf("\r\n") + 2;
  const written = `${request.method} ${request.path} ${rest.slice(0, end)}${line}${rest.slice(end)}`;
  request._header = written;
  const [first] = request.outputData ?? [];
  if (typeof first?.data === "string" && first.data.startsWith(head))
    first.data = written + first.data.slice(head.length);
}
