/**
 * Agent options: those of a pool, and those of Node's `http.Agent`, `https.Agent` and agentkeepalive, which are translated. One that
 * has no translation is refused by name: it must not seem to be in force.
 */

import type { Duration } from "../contract/duration.ts";
import type { TlsVersion } from "../contract/transport.ts";
import { show } from "../options/checks.ts";
import type { PoolOptions } from "../options/options.ts";
import { type CreateConnection, type NodeOptions, TLS_OPTIONS } from "./routes.ts";

/** Options of other agents. Each is honoured by the option of the pool that its description names. */
export interface ForeignAgentOptions {
  /** `false`: no connection is reused (`maxIdlePerOrigin: 0`). Node's own default is `false`. @default true */
  readonly keepAlive?: boolean;
  /** `tcpKeepAlive.idle`, in ms from 1000: the silence before the first probe, not how long a connection is kept. */
  readonly keepAliveMsecs?: number;
  /** `maxConnectionsPerOrigin`. */
  readonly maxSockets?: number;
  /** `maxConnections`. */
  readonly maxTotalSockets?: number;
  /** `maxIdlePerOrigin`. */
  readonly maxFreeSockets?: number;
  /** `reuseOrder`. Node's names are the pool's. */
  readonly scheduling?: "lifo" | "fifo";
  /** Ms of silence after which a socket emits `timeout`, as in Node; and `idleTimeout`, unless that is given. */
  readonly timeout?: number;
  /** `hintMargin`, in ms (Node 24). */
  readonly agentKeepAliveTimeoutBuffer?: number;
  /** `proxy: "env"`. Only `process.env` itself can be given (Node 24). */
  readonly proxyEnv?: object;
  /** `idleTimeout`, in ms (agentkeepalive). */
  readonly freeSocketTimeout?: number;
  /** `maxLifetime`, in ms (agentkeepalive). */
  readonly socketActiveTTL?: number;
  /** `unixPath`. */
  readonly socketPath?: string;
  /** `tls.ca`. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[];
  /** `tls.cert`. */
  readonly cert?: string | Uint8Array;
  /** `tls.key`. */
  readonly key?: string | Uint8Array;
  /** `tls.pfx`. */
  readonly pfx?: Uint8Array;
  /** `tls.passphrase`. */
  readonly passphrase?: string;
  /** `tls.ciphers`. */
  readonly ciphers?: string;
  /** `tls.minVersion`. */
  readonly minVersion?: TlsVersion;
  /** `tls.maxVersion`. */
  readonly maxVersion?: TlsVersion;
  /** `tls.serverName`. */
  readonly servername?: string;
  /** `tls.rejectUnauthorized`. */
  readonly rejectUnauthorized?: boolean;
  /** Opens every connection instead of the pool's transport, whatever its proxy and TLS options: Node's `Agent.createConnection`. */
  readonly createConnection?: CreateConnection;
  /** Of each request: where it goes, whatever it says itself. Beside it, or `port`, members of a request such as `path` are ignored. */
  readonly host?: string;
  /** Of each request: its port, whatever it says itself. */
  readonly port?: number | string;
  /** Of each request: the address to connect from. Node opens the connections then. */
  readonly localAddress?: string;
  /** Of each request: 4 or 6. Node opens the connections then. */
  readonly family?: number;
  /** Of each request: Node's `lookup`. Node opens the connections then. The pool's own option is `resolve`. */
  readonly lookup?: (...values: never[]) => void;
  /** Of each request: Node's `checkServerIdentity`, which returns an error if the peer is the wrong one. Node opens the connections then. */
  readonly checkServerIdentity?: (host: string, certificate: never) => Error | undefined;
}

/** Options of {@linkcode agent}. */
export interface AgentOptions extends PoolOptions, ForeignAgentOptions {}

/** What options of an agent come to. */
export interface TranslatedOptions {
  readonly pool: PoolOptions;
  /** What each request says as well. */
  readonly request: NodeOptions;
  readonly createConnection: CreateConnection | undefined;
  readonly socketTimeoutMs: number;
}

type Translation = readonly [name: string, value: unknown] | undefined;

const amount = (value: unknown, name: string): number => {
  if (typeof value === "number" && value >= 0) return value;
  throw new TypeError(`${name} must be a number from 0: current value is ${show(value)}`);
};

/** In Node 0 stands for the default. */
const unlessZero =
  (option: string) =>
  (value: unknown, name: string): Translation =>
    amount(value, name) === 0 ? undefined : [option, value];

const TRANSLATIONS: Readonly<Record<string, (value: unknown, name: string) => Translation>> = {
  keepAlive: (value) => (value === false ? ["maxIdlePerOrigin", 0] : undefined),
  keepAliveMsecs: (value, name) =>
    amount(value, name) === 0 ? undefined : ["tcpKeepAlive", { idle: value as Duration }],
  maxSockets: unlessZero("maxConnectionsPerOrigin"),
  maxTotalSockets: unlessZero("maxConnections"),
  maxFreeSockets: unlessZero("maxIdlePerOrigin"),
  scheduling: (value) => ["reuseOrder", value],
  timeout: unlessZero("idleTimeout"),
  agentKeepAliveTimeoutBuffer: (value, name) => ["hintMargin", amount(value, name)],
  proxyEnv: (value) => {
    if (value === process.env) return ["proxy", "env"];
    throw new TypeError(
      'proxyEnv can only be process.env: give the pool\'s option "proxy" for any other proxy',
    );
  },
  freeSocketTimeout: unlessZero("idleTimeout"),
  socketActiveTTL: unlessZero("maxLifetime"),
  socketPath: (value) => ["unixPath", value],
};

/** What each request says: Node's agents have the same option for all of theirs. */
const OF_REQUESTS: ReadonlySet<string> = new Set([
  "localAddress",
  "localPort",
  "family",
  "hints",
  "lookup",
  "autoSelectFamily",
  "autoSelectFamilyAttemptTimeout",
  "ALPNProtocols",
  "checkServerIdentity",
  "crl",
  "dhparam",
  "ecdhCurve",
  "honorCipherOrder",
  "secureContext",
  "secureOptions",
  "secureProtocol",
  "session",
  "sigalgs",
]);

/** Where each request goes: they win over those of the request, as in Node. The pool opens the connection nevertheless. */
const PLACE: ReadonlySet<string> = new Set(["host", "port"]);

/**
 * Members of a request that Node's agents disregard. Its own documentation makes an agent of the options of a request:
 * `options.agent = new https.Agent(options)`.
 */
const OF_ONE_REQUEST: ReadonlySet<string> = new Set([
  "hostname",
  "path",
  "method",
  "headers",
  "auth",
  "agent",
]);

/** Options of other agents that have no meaning here, and what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  protocol: "an agent serves http: and https: alike",
  defaultPort: "an agent serves http: and https: alike, with the default port of each",
  maxCachedSessions: "the pool keeps TLS sessions by itself, those of 256 origins at most",
  path: 'for a Unix socket give "unixPath"',
};

/**
 * Sorts options into those of the pool and those of the requests.
 *
 * @throws {TypeError | RangeError} naming an option that has no translation, or that says the same as another one.
 */
export function translate(options: AgentOptions): TranslatedOptions {
  refuseOthers(options);
  const sorted: Sorted = { pool: {}, place: {}, request: {}, tls: {}, nodes: {}, from: new Map() };
  for (const name of namesOf(options)) {
    const value = (options as Record<string | symbol, unknown>)[name];
    if (value === undefined || name === "createConnection") continue;
    if (typeof name === "symbol") sorted.pool[name] = value;
    else sort(sorted, name, value);
  }
  if (Object.keys(sorted.tls).length > 0) put(sorted, "ca, cert, key …", ["tls", sorted.tls]);
  const { pool, place, request } = sorted;
  // `http.Agent` speaks HTTP/1.1, and no other front has these connections.
  pool.http2 ??= false;
  const { createConnection, timeout = 0 } = options;
  if (createConnection !== undefined && typeof createConnection !== "function")
    throw new TypeError(`createConnection must be a function: current value is ${show(createConnection)}`);
  // The pool opens no connection then, so its TLS options have no say.
  const isNodes = createConnection !== undefined || Object.keys(request).length > 0;
  const ofRequests = isNodes ? { ...sorted.nodes, ...request } : request;
  return { pool, request: { ...ofRequests, ...place }, createConnection, socketTimeoutMs: timeout };
}

/** The names of the options, without the members of a request where these are options of a request. */
function namesOf(options: object): (string | symbol)[] {
  const names = Reflect.ownKeys(options);
  const isRequests = ["hostname", "host", "port"].some((name) => name in options);
  return isRequests ? names.filter((name) => !OF_ONE_REQUEST.has(String(name))) : names;
}

/** Neither a pool nor options: agents and dispatchers of others would seem to be options without a name that is known. */
function refuseOthers(options: unknown): void {
  const { addRequest, dispatch } = Object(options) as {
    readonly addRequest?: unknown;
    readonly dispatch?: unknown;
  };
  const isDispatcher = typeof dispatch === "function";
  if (isDispatcher || typeof addRequest === "function")
    throw new TypeError(
      `agent needs a pool or options: current value is ${isDispatcher ? "a dispatcher of undici" : "an http.Agent"}, whose connections no pool can use; give its options`,
    );
  if (typeof options !== "object" || options === null)
    throw new TypeError(`agent needs a pool or options: current value is ${show(options)}`);
}

interface Sorted {
  readonly pool: Record<string | symbol, unknown>;
  readonly place: Record<string, unknown>;
  readonly request: Record<string, unknown>;
  readonly tls: Record<string, unknown>;
  /** The TLS options as they were given. */
  readonly nodes: Record<string, unknown>;
  /** By option of the pool: the name by which it was given. */
  readonly from: Map<string, string>;
}

function sort(sorted: Sorted, name: string, value: unknown): void {
  if (name in REFUSED) throw new TypeError(`${name} cannot be honoured by agent(): ${REFUSED[name]}`);
  if (PLACE.has(name)) sorted.place[name] = value;
  else if (OF_REQUESTS.has(name)) sorted.request[name] = value;
  else if (name in TLS_OPTIONS) {
    sorted.nodes[name] = value;
    sorted.tls[TLS_OPTIONS[name] ?? name] = textOf(value);
  } else put(sorted, name, name in TRANSLATIONS ? TRANSLATIONS[name]?.(value, name) : [name, value]);
}

/** `timeout` gives way: it means the socket first. */
function put({ pool, from }: Sorted, name: string, translation: Translation): void {
  if (translation === undefined) return;
  const [option, value] = translation;
  const before = from.get(option);
  if (before !== undefined && name === "timeout") return;
  if (before !== undefined && before !== "timeout" && pool[option] !== value)
    throw new RangeError(`${name} and ${before} both mean the pool's option ${option}: give one of them`);
  pool[option] = value;
  from.set(option, name);
}

function textOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(textOf);
  // PKCS #12 is no text.
  const isPem = value instanceof Uint8Array && value[0] === 0x2d;
  return isPem ? new TextDecoder("latin1").decode(value) : value;
}
