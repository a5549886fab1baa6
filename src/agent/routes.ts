/**
 * Routes: from the options of a request to the origin whose connections may carry it. Requests with the same name, by Node's own rule
 * (`getName()`), share connections. Most requests say no more than host and port. What the pool itself can do is asked of the
 * pool: TLS options, a Unix socket. For all else Node opens the connection, with the options of the request.
 */

import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect as connectTcp, isIP, type NetConnectOpts } from "node:net";
import type { Duplex } from "node:stream";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { dropped, foreignSocket } from "../../transports/foreign-socket.ts";
import { type Origin, type OriginTls, originOf, originOver, variantOf } from "../contract/origin.ts";
import type { Socket, SocketHandler } from "../contract/transport.ts";
import type { NodeRequest } from "./node-request.ts";

/** Options of a request, as `node:http` passes them on, all of them. */
export type NodeOptions = Readonly<Record<string, unknown>>;

/** Opens a socket as Node's `Agent.createConnection` does: returns it, or calls back. */
export type CreateConnection = (options: NodeOptions, callback: OpenCallback) => Duplex | null | undefined;

/** Receives the socket, or why there is none. */
export type OpenCallback = (error: Error | null, socket?: Duplex) => void;

/** Where a request goes. */
export interface Route {
  readonly origin: Origin;
  /** What the agent's tools know its connections by. */
  readonly name: string;
}

/** TLS options that the pool has, by Node's names. */
export const TLS_OPTIONS: Readonly<Record<string, keyof OriginTls>> = {
  ca: "ca",
  cert: "cert",
  key: "key",
  pfx: "pfx",
  passphrase: "passphrase",
  ciphers: "ciphers",
  minVersion: "minVersion",
  maxVersion: "maxVersion",
  servername: "serverName",
  rejectUnauthorized: "rejectUnauthorized",
};

/** Options of a socket that only Node itself understands. */
const NODE_OPTIONS: ReadonlySet<string> = new Set([
  "localAddress",
  "localPort",
  "family",
  "hints",
  "lookup",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "keepAliveInitialDelay",
  "blockList",
  "createConnection",
]);

/** TLS options that only Node itself understands. */
const NODE_TLS_OPTIONS: ReadonlySet<string> = new Set([
  "ALPNProtocols",
  "allowPartialTrustChain",
  "checkServerIdentity",
  "clientCertEngine",
  "crl",
  "dhparam",
  "ecdhCurve",
  "honorCipherOrder",
  "minDHSize",
  "privateKeyEngine",
  "privateKeyIdentifier",
  "pskCallback",
  "requestOCSP",
  "secureContext",
  "secureOptions",
  "secureProtocol",
  "session",
  "sessionIdContext",
  "sigalgs",
]);

/** Routes that are remembered. Beyond it the oldest is forgotten, whose connections end by the rules. */
const MOST_ROUTES = 1024;

/** Numbers for the keys of variants: unique in the process, so that agents of one pool never mean two things by one key. */
let lastVariant = 0;

/**
 * Whether a request is to an `https:` URL.
 *
 * @throws {TypeError} where nothing tells: the agent is `https.globalAgent`, and the request names no protocol.
 */
export function isSecure(options: NodeOptions): boolean {
  const { protocol, _defaultAgent: own } = options;
  if (typeof protocol === "string") return protocol === "https:";
  const { protocol: usual } = (own ?? { protocol: "http:" }) as { readonly protocol?: unknown };
  if (usual !== undefined) return usual === "https:";
  throw new TypeError(
    "An agent of a pool cannot be https.globalAgent, because it serves http: and https: alike: give it to requests as their agent",
  );
}

/** Node's name for the connections that a request may have. */
export function nameOf(options: NodeOptions): string {
  const { prototype } = isSecure(options) ? HttpsAgent : HttpAgent;
  return prototype.getName.call(prototype, options);
}

/** Finds the routes of the requests of one agent. */
export class Routes {
  readonly #byName: Map<string, Route & { options: NodeOptions }> = new Map();
  /** Host and port alone: no request needs more than a look-up. */
  readonly #plain: Map<string, Route> = new Map();
  readonly #numbers: WeakMap<object, number> = new WeakMap();
  readonly #mayBeHttp2: (origin: Origin) => boolean;
  readonly #createConnection: CreateConnection | undefined;

  /** `mayBeHttp2`: whether the pool might speak HTTP/2 to an origin. `createConnection`: the agent's, if it has one. */
  constructor(mayBeHttp2: (origin: Origin) => boolean, createConnection: CreateConnection | undefined) {
    this.#mayBeHttp2 = mayBeHttp2;
    this.#createConnection = createConnection;
  }

  /** @throws {TypeError} for a host that no URL can have. */
  of(given: NodeOptions, request: NodeRequest): Route {
    const secure = isSecure(given);
    const host = String(given.host ?? "localhost");
    const port = portOf(given, secure);
    if (secure && (port === 80 || Number(port) === 443)) nameAuthority(request, given, host, port);
    const options = port === given.port ? given : { ...given, port };
    const serverName = secure ? serverNameOf(options, host, request) : undefined;
    if (this.#createConnection === undefined && serverName === undefined && !isSpecial(options, secure))
      return this.#plainRoute(secure, host, port, options);
    return this.#specialRoute(secure, host, port, {
      ...options,
      servername: serverName ?? options.servername,
    });
  }

  #plainRoute(secure: boolean, host: string, port: unknown, options: NodeOptions): Route {
    const key = secure ? `s${host}:${port}` : `${host}:${port}`;
    let route = this.#plain.get(key);
    if (route === undefined) {
      route = { origin: this.#http1(originAt(secure, host, port)), name: nameOf(options) };
      this.#plain.set(key, route);
      forgetOldest(this.#plain);
    }
    return route;
  }

  #http1(origin: Origin): Origin {
    return this.#mayBeHttp2(origin) ? originOver(origin, false) : origin;
  }

  #specialRoute(secure: boolean, host: string, port: unknown, options: NodeOptions): Route {
    const name = nameOf(options);
    const create = this.#createConnection ?? options.createConnection;
    const opens = create !== undefined || needsNode(options, secure);
    const key = opens ? `${this.#numberOf(create)} ${name}` : name;
    let route = this.#byName.get(key);
    if (route === undefined) {
      const origin = originAt(secure, host, port);
      route = { origin, name, options };
      const holder = route;
      if (opens) {
        const open = (handler: SocketHandler, signal: AbortSignal): Promise<Socket> =>
          openSocket(create as CreateConnection | undefined, secure, holder.options, handler, signal);
        route = Object.assign(holder, { origin: variantOf(origin, `socket${nextVariant()}`, { open }) });
      } else route = Object.assign(holder, { origin: this.#poolRoute(origin, secure, options) });
      this.#byName.set(key, route);
      forgetOldest(this.#byName);
    }
    // Names tell which requests may share a connection. The newest of them says how to open the next one.
    route.options = options;
    return route;
  }

  #poolRoute(origin: Origin, secure: boolean, options: NodeOptions): Origin {
    const { socketPath } = options;
    const tls = secure ? tlsOf(options) : undefined;
    if (typeof socketPath !== "string" && tls === undefined) return this.#http1(origin);
    const unix = typeof socketPath === "string" ? { unixPath: socketPath } : undefined;
    const name = `${unix === undefined ? "tls" : "unix"}${nextVariant()}`;
    return variantOf(origin, name, { ...unix, ...(tls === undefined ? undefined : { tls }) });
  }

  #numberOf(create: unknown): number {
    if (typeof create !== "function") return 0;
    let number = this.#numbers.get(create);
    if (number === undefined) {
      number = nextVariant();
      this.#numbers.set(create, number);
    }
    return number;
  }
}

function nextVariant(): number {
  lastVariant += 1;
  return lastVariant;
}

function forgetOldest(routes: Map<string, unknown>): void {
  if (routes.size <= MOST_ROUTES) return;
  for (const [oldest] of routes) return void routes.delete(oldest);
}

function originAt(secure: boolean, host: string, port: unknown): Origin {
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return originOf(`${secure ? "https" : "http"}://${bracketed}:${port}`);
}

/** A URL that names port 80, which is not the default of `https:`. */
const NAMES_PORT_80 = /^https:\/\/[^/?#]*:80(?:[/?#]|$)/;

/**
 * The port. An agent has one default for both schemes, which is 80. So port 80 of an `https:` request is the default, unless its URL,
 * or a port given as text, says so.
 */
function portOf({ port, href }: NodeOptions, secure: boolean): unknown {
  if (!secure || port !== 80) return port;
  return typeof href === "string" && NAMES_PORT_80.test(href) ? 80 : 443;
}

/** `node:http` has written `Host` by the agent's one default port. With `https:` it is another one (RFC 9110 §7.2). */
function nameAuthority(request: NodeRequest, { headers }: NodeOptions, host: string, port: unknown): void {
  const field = request.getHeader("host");
  if (typeof field !== "string" || request._header || isNamed(headers)) return;
  if (port === 80 && !field.endsWith(":80")) request.setHeader("Host", `${field}:80`);
  else if (port !== 80 && field.endsWith(":443") && field.length > host.length)
    request.setHeader("Host", field.slice(0, -4));
}

/** Whether the caller wrote `Host`, which is sent as it is. */
function isNamed(headers: unknown): boolean {
  return Object.keys(Object(headers)).some((name) => name.toLowerCase() === "host");
}

/** The name to verify, where it is not the host's: Node takes it from `Host`. */
function serverNameOf(options: NodeOptions, host: string, request: NodeRequest): string | undefined {
  if (options.servername !== undefined) return undefined;
  const field = request.getHeader("host");
  if (typeof field !== "string") return undefined;
  const name = /^\[([^\]]*)\]/.exec(field)?.[1] ?? field.split(":", 1)[0] ?? "";
  return name === "" || name === host || isIP(name) !== 0 ? undefined : name;
}

/** Options of a socket that make it another one than host and port do. */
const SOCKET_OPTIONS: readonly string[] = ["socketPath", "noDelay", "family", ...NODE_OPTIONS];
const SECURE_OPTIONS: readonly string[] = [...Object.keys(TLS_OPTIONS), ...NODE_TLS_OPTIONS];

/**
 * Whether the options say more than where to connect. Each is asked for by its name: most are an object without a prototype, which
 * V8 lists anew each time.
 */
function isSpecial(options: NodeOptions, secure: boolean): boolean {
  for (const name of SOCKET_OPTIONS) {
    const value = options[name];
    if (value === undefined || value === null) continue;
    if (name === "socketPath" || isNodes(name, value)) return true;
  }
  return secure && SECURE_OPTIONS.some((name) => options[name] !== undefined && options[name] !== null);
}

/** Whether an option of the socket is one that the pool does not have. */
function isNodes(name: string, value: unknown): boolean {
  if (name === "noDelay") return value === false;
  if (name === "family") return value === 4 || value === 6;
  return NODE_OPTIONS.has(name);
}

function needsNode(options: NodeOptions, secure: boolean): boolean {
  for (const name in options) {
    const value = options[name];
    if (value === undefined || value === null) continue;
    if (isNodes(name, value) || (secure && NODE_TLS_OPTIONS.has(name))) return true;
    if (secure && Object.hasOwn(TLS_OPTIONS, name) && !isSimple(name, value)) return true;
  }
  return false;
}

/** Whether the pool's option takes the value, once bytes are text. */
function isSimple(name: string, value: unknown): boolean {
  if (name === "rejectUnauthorized") return typeof value === "boolean";
  if (name === "pfx") return value instanceof Uint8Array;
  if (name === "ca" && Array.isArray(value)) return value.every(isText);
  return isText(value);
}

function isText(value: unknown): value is string | Uint8Array {
  return typeof value === "string" || value instanceof Uint8Array;
}

function tlsOf(options: NodeOptions): OriginTls | undefined {
  const tls: Record<string, unknown> = {};
  for (const [name, own] of Object.entries(TLS_OPTIONS)) {
    const value = options[name];
    if (value === undefined || value === null || value === "") continue;
    tls[own] = name === "pfx" ? value : textsOf(value);
  }
  // The name of the host is what the pool verifies anyway.
  if (tls.serverName === options.host) delete tls.serverName;
  return Object.keys(tls).length === 0 ? undefined : (tls as OriginTls);
}

function textsOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(textsOf);
  return value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value;
}

/** Opens a socket in Node's way, or the program's. */
async function openSocket(
  create: CreateConnection | undefined,
  secure: boolean,
  given: NodeOptions,
  handler: SocketHandler,
  signal: AbortSignal,
): Promise<Socket> {
  const { socketPath, timeout: _, ...rest } = given;
  // `path` is the request's. To a socket it would be that of a Unix socket.
  const options = {
    ...rest,
    ...userFunctions(rest),
    path: socketPath,
    servername: given.servername ?? sni(given),
  };
  const raw = await new Promise<Duplex>((resolve, reject) => {
    const answer = (error: Error | null, socket?: Duplex): void => {
      if (socket === undefined || error !== null)
        return reject(error ?? new Error("createConnection gave no socket"));
      if (signal.aborted) dropped(socket);
      resolve(socket);
    };
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    const created = (create ?? (secure ? nodeTls : nodeTcp))(options, answer);
    if (created) resolve(created);
  });
  return foreignSocket(raw, handler, signal);
}

/** The user's functions. Node calls them where an error would end the process; what they throw is the error of the connection. */
function userFunctions({ lookup, checkServerIdentity }: NodeOptions): NodeOptions {
  return {
    ...(typeof lookup === "function" ? { lookup: lookupBy(lookup as UserFunction) } : undefined),
    ...(typeof checkServerIdentity === "function"
      ? { checkServerIdentity: checkBy(checkServerIdentity as UserFunction) }
      : undefined),
  };
}

type UserFunction = (...given: readonly unknown[]) => unknown;

function lookupBy(lookup: UserFunction): UserFunction {
  return (...given) => {
    try {
      return lookup(...given);
    } catch (error) {
      const answer = given.at(-1);
      return typeof answer === "function" ? answer(asError(error)) : undefined;
    }
  };
}

/** Node takes what it returns for the reason why the peer is not the right one. */
function checkBy(check: UserFunction): UserFunction {
  return (...given) => {
    try {
      return check(...given);
    } catch (error) {
      return asError(error);
    }
  };
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

function sni({ host }: NodeOptions): string {
  return typeof host === "string" && isIP(host) === 0 ? host : "";
}

/** Opens a socket as `http.Agent` and `https.Agent` do. */
export const openedByNode: CreateConnection = (options, callback) =>
  (isSecure(options) ? nodeTls : nodeTcp)(options, callback);

const nodeTcp: CreateConnection = (options) => connectTcp(options as unknown as NetConnectOpts);
const nodeTls: CreateConnection = (options) => connectTls(options as ConnectionOptions);
