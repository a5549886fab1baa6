/**
 * Resolve: turns the user's options into {@linkcode Settings}. Unknown, wrong and contradictory options are refused here,
 * before any socket is opened, with an error that names option and value.
 */

import { type Clock, systemClock } from "../contract/clock.ts";
import { toMs } from "../contract/duration.ts";
import type { PoolListener } from "../contract/events.ts";
import type { LimitStore } from "../contract/limit-store.ts";
import type { Http2Mode, Origin } from "../contract/origin.ts";
import type { TcpKeepAlive, Transport } from "../contract/transport.ts";
import { checkedRandom, synchronous } from "../contract/user-functions.ts";
import type { DoubtSetting } from "../rules/doubt.ts";
import type { HintReader } from "../rules/hints.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import { PRESET, type PresetInfo } from "../rules/preset-info.ts";
import type { RetryRule } from "../rules/retry.ts";
import type { Eviction, ReuseOrder, Rules, Spread } from "../rules/rules.ts";
import { checkedClock } from "./checked-clock.ts";
import {
  callable,
  deadlineMs,
  flag,
  objectWith,
  oneOf,
  refuseUnknown,
  share,
  show,
  unixPathOf,
  wholeNumber,
} from "./checks.ts";
import { doubtOf } from "./doubt-option.ts";
import { minIdleOf, refuseTooManyIdle } from "./min-idle.ts";
import type { EvictionOptions, PoolOptions, ResponseLimits } from "./options.ts";
import { type Layer, type OriginRules, originRules } from "./origin-rules.ts";
import { type PingSetting, pingSettingOf, tcpKeepAliveOf } from "./probing.ts";
import { type ProxySetting, proxyOf } from "./proxy.ts";
import { tlsOf } from "./tls.ts";

/** Every option, checked and resolved. Times are in milliseconds. `Infinity` means "off". */
export interface Settings {
  readonly rules: Rules;
  readonly hints: "honor" | "ignore" | HintReader;
  readonly acquireTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly tcpKeepAlive: TcpKeepAlive | false;
  readonly noDelay: boolean;
  readonly http2: "alpn" | "prior-knowledge" | false;
  readonly maxStreams: number;
  /** `undefined`: no pings. */
  readonly ping: PingSetting | undefined;
  /** A function is not called yet. */
  readonly tls: NonNullable<PoolOptions["tls"]>;
  readonly proxy: ProxySetting | "env" | false;
  readonly unixPath: string | undefined;
  readonly resolve: PoolOptions["resolve"];
  readonly dnsRefreshMs: number;
  /** `undefined`: by the standard. */
  readonly persistence: PersistenceTest | undefined;
  readonly retry: boolean | RetryRule;
  readonly doubt: DoubtSetting | false;
  /** Keeps learned limits beyond the process. */
  readonly limitStore: LimitStore | undefined;
  readonly strict: boolean;
  readonly limits: Required<ResponseLimits>;
  readonly transport: Transport | undefined;
  readonly onEvent: PoolListener | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** Rules of single origins. `undefined`: none has its own. */
  readonly origins: OriginRules<Settings> | undefined;
  /** The options the user set, for `explain()`. */
  readonly chosen: ReadonlySet<string>;
  /** Of those, the ones that an entry of `origins` sets, with that entry. */
  readonly fromEntry: ReadonlyMap<string, string>;
  /** The preset that was spread into the options, for `explain()`. */
  readonly preset: PresetInfo | undefined;
  /** The chosen options that still have the value of the preset. */
  readonly fromPreset: ReadonlySet<string>;
}

/** Options without a default value. */
type Unset = "hintMargin" | "origins" | "unixPath" | "resolve" | "transport" | "onEvent";
type Defaults = Readonly<Required<Omit<PoolOptions, Unset | typeof PRESET>> & Record<Unset, undefined>>;
/** The options that the user set, on top of the defaults. */
type Given = Readonly<
  Required<Omit<PoolOptions, Unset | typeof PRESET>> & {
    [K in Unset]: Exclude<PoolOptions[K], undefined> | undefined;
  }
>;

/** Defaults of {@linkcode PoolOptions}, written as users would write them. `explain()` and the docs read them too. */
export const DEFAULTS: Defaults = {
  idleTimeout: "55s",
  unusedIdleTimeout: Infinity,
  maxRequests: Infinity,
  maxLifetime: "1h",
  lifetimeJitter: 0.1,
  serverHints: "honor",
  hintMargin: undefined,
  persistence: "standard",
  origins: undefined,
  maxConnections: 1024,
  maxConnectionsPerOrigin: 256,
  maxIdle: Infinity,
  maxIdlePerOrigin: Infinity,
  minIdle: 0,
  maxQueue: 10_000,
  reuseOrder: "lifo",
  evictIdle: "stalest",
  http2: "alpn",
  maxStreams: 1000,
  ping: false,
  tcpKeepAlive: { idle: "15s", interval: "15s", probes: 3 },
  noDelay: true,
  tls: {},
  proxy: false,
  unixPath: undefined,
  resolve: undefined,
  spread: "first",
  dnsRefresh: "30s",
  transport: undefined,
  acquireTimeout: "60s",
  connectTimeout: "10s",
  headersTimeout: "5m",
  bodyIdleTimeout: "5m",
  requestTimeout: Infinity,
  retry: true,
  doubt: {},
  unsafeReuse: "2s",
  learn: true,
  strict: false,
  responseLimits: {},
  onEvent: undefined,
  clock: systemClock,
  random: Math.random,
};

const RESPONSE_LIMITS: Required<ResponseLimits> = {
  headBytes: 65_536,
  lineBytes: 32_768,
  headerCount: 256,
  chunkExtensionBytes: 16_384,
  trailerBytes: 16_384,
  informationalCount: Infinity,
  bodyBytes: Infinity,
};

/**
 * The settings that follow from `options`.
 *
 * @throws {TypeError} for an unknown option or a value of the wrong type.
 * @throws {RangeError} for a value out of range or two options that contradict each other.
 */
export function resolveOptions(options: PoolOptions = {}): Settings {
  objectWith(options, "options", []);
  refuseUnknown(options, DEFAULTS, "option");
  const ofPool: Layer = { options, entry: undefined };
  const settings = settingsOf([ofPool]);
  const origins = originRules(options.origins, {
    options: { ...(DEFAULTS as object), ...chosenOf(options) },
    resolve: (layers) => ({ ...settingsOf([ofPool, ...layers]), ...poolWideOf(settings) }),
  });
  return { ...settings, origins };
}

/** What counts for an origin. The user's function is asked at most, so that this may throw: before the first step about an origin. */
export function settingsFor(settings: Settings, origin: Origin): Settings {
  const own = settings.origins?.of(origin) ?? settings;
  return origin.http2 === undefined ? own : settingsOver(own, origin.http2);
}

const settingsByMode: WeakMap<Settings, Map<Http2Mode, Settings>> = new WeakMap();

/** The same settings, but for HTTP/2: the same object every time. */
function settingsOver(settings: Settings, http2: Http2Mode): Settings {
  const known = settingsByMode.get(settings) ?? new Map<Http2Mode, Settings>();
  const over = known.get(http2) ?? { ...settings, http2 };
  settingsByMode.set(settings, known.set(http2, over));
  return over;
}

/** `undefined` means "not set". null is a value, and a wrong one. */
function chosenOf(options: PoolOptions): PoolOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** What a pool has once. */
function poolWideOf({
  transport,
  onEvent,
  clock,
  random,
  strict,
  resolve,
  dnsRefreshMs,
  limitStore,
}: Settings) {
  return { transport, onEvent, clock, random, strict, resolve, dnsRefreshMs, limitStore };
}

/** What follows from the options of all layers: a later one counts before the others. */
function settingsOf(layers: readonly Layer[]): Settings {
  const given: Given = Object.assign({}, DEFAULTS, ...layers.map(({ options }) => chosenOf(options)));
  const settings: Settings = {
    rules: rulesOf(given),
    hints: hintsOf(given.serverHints),
    ...deadlinesOf(given),
    tcpKeepAlive: tcpKeepAliveOf(given.tcpKeepAlive),
    noDelay: flag(given.noDelay, "noDelay"),
    http2: given.http2 === false ? false : oneOf(given.http2, "http2", HTTP2),
    maxStreams: wholeNumber(given.maxStreams, "maxStreams", 1),
    ping: pingSettingOf(given.ping),
    tls: typeof given.tls === "function" ? given.tls : tlsOf(given.tls),
    proxy: proxyOf(given.proxy, tlsOf),
    unixPath: ifSet(given.unixPath, (path) => unixPathOf(path, "unixPath")),
    resolve: ifSet(given.resolve, (resolve) => callable(resolve, "resolve")),
    dnsRefreshMs: deadlineMs(given.dnsRefresh, "dnsRefresh"),
    persistence: persistenceOf(given.persistence),
    retry: retryOf(given.retry),
    doubt: doubtOf(given.doubt, toMs(given.headersTimeout, "headersTimeout")),
    strict: flag(given.strict, "strict"),
    limitStore: limitStoreOf(given.learn),
    limits: responseLimitsOf(given.responseLimits),
    transport: ifSet(given.transport, (transport) => objectWith(transport, "transport", ["connect"])),
    onEvent: ifSet(given.onEvent, (listener) => callable(listener, "onEvent")),
    clock: checkedClock(objectWith(given.clock, "clock", ["now", "wall", "schedule", "turn"]), systemClock),
    random: checkedRandom(callable(given.random, "random")),
    origins: undefined,
    ...sourcesOf(layers),
  };
  refuseContradictions(settings);
  return settings;
}

function limitStoreOf(learn: Given["learn"]): LimitStore | undefined {
  if (typeof learn === "boolean") return undefined;
  objectWith(learn, "learn", []);
  refuseUnknown(learn, { store: 0 }, "learn option");
  return objectWith(learn.store, "learn.store", ["get", "set"]);
}

function ifSet<T, U>(value: T | undefined, then: (value: T) => U): U | undefined {
  return value === undefined ? undefined : then(value);
}

function rulesOf(given: Given): Rules {
  return {
    idleTimeoutMs: toMs(given.idleTimeout, "idleTimeout"),
    unusedIdleTimeoutMs: toMs(given.unusedIdleTimeout, "unusedIdleTimeout"),
    maxLifetimeMs: toMs(given.maxLifetime, "maxLifetime"),
    lifetimeJitter: share(given.lifetimeJitter, "lifetimeJitter"),
    maxRequests: wholeNumber(given.maxRequests, "maxRequests", 1),
    hintMarginMs: ifSet(given.hintMargin, (margin) => toMs(margin, "hintMargin")),
    maxConnections: wholeNumber(given.maxConnections, "maxConnections", 1),
    maxConnectionsPerOrigin: wholeNumber(given.maxConnectionsPerOrigin, "maxConnectionsPerOrigin", 1),
    maxIdle: wholeNumber(given.maxIdle, "maxIdle", 0),
    maxIdlePerOrigin: wholeNumber(given.maxIdlePerOrigin, "maxIdlePerOrigin", 0),
    maxQueue: wholeNumber(given.maxQueue, "maxQueue", 0),
    reuseOrder: reuseOrderOf(given.reuseOrder),
    ...evictionsOf(given.evictIdle),
    unsafeReuseMs: toMs(given.unsafeReuse, "unsafeReuse"),
    learn: given.learn !== false,
    ...minIdleOf(given.minIdle),
    spread: oneOf<Spread>(given.spread, "spread", ["first", "all"]),
  };
}

const DEADLINES = [
  "acquireTimeout",
  "connectTimeout",
  "headersTimeout",
  "bodyIdleTimeout",
  "requestTimeout",
] as const;

type Deadlines = Pick<Settings, `${(typeof DEADLINES)[number]}Ms`>;

function deadlinesOf(given: Given): Deadlines {
  const [acquire, connect, headers, body, total] = DEADLINES.map((name) => deadlineMs(given[name], name)) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return {
    acquireTimeoutMs: acquire,
    connectTimeoutMs: connect,
    headersTimeoutMs: headers,
    bodyIdleTimeoutMs: body,
    requestTimeoutMs: total,
  };
}

const HTTP2 = ["alpn", "prior-knowledge"] as const;

function responseLimitsOf(value: ResponseLimits): Required<ResponseLimits> {
  objectWith(value, "responseLimits", []);
  refuseUnknown(value, RESPONSE_LIMITS, "responseLimits option");
  const limits = { ...RESPONSE_LIMITS };
  for (const name of Object.keys(RESPONSE_LIMITS) as (keyof ResponseLimits)[]) {
    const limit = value[name];
    if (limit !== undefined) limits[name] = wholeNumber(limit, `responseLimits.${name}`, 1);
  }
  return limits;
}

function hintsOf(value: unknown): "honor" | "ignore" | HintReader {
  if (typeof value === "function") return synchronous("serverHints", value as HintReader);
  return oneOf<"honor" | "ignore">(value, "serverHints", ["honor", "ignore"]);
}

/** `undefined`: by the standard. */
function persistenceOf(value: unknown): PersistenceTest | undefined {
  if (value === "standard") return undefined;
  if (typeof value === "function") return synchronous("persistence", value as PersistenceTest);
  throw new TypeError(`persistence must be "standard" or a function: current value is ${show(value)}`);
}

function retryOf(value: unknown): boolean | RetryRule {
  if (typeof value === "boolean") return value;
  if (typeof value === "function") return synchronous("retry", value as RetryRule);
  throw new TypeError(`retry must be true, false or a function: current value is ${show(value)}`);
}

function reuseOrderOf(value: unknown): ReuseOrder {
  return oneOf<ReuseOrder>(value, "reuseOrder", ["lifo", "fifo", "oldest", "used-first"]);
}

const EVICTIONS = ["stalest", "returned"] as const;

/** Which idle connection is evicted above each of the two limits. */
function evictionsOf(value: Eviction | EvictionOptions): Pick<Rules, "evictPerOrigin" | "evictInAll"> {
  if (typeof value !== "object") {
    const eviction = oneOf<Eviction>(value, "evictIdle", EVICTIONS);
    return { evictPerOrigin: eviction, evictInAll: eviction };
  }
  objectWith(value, "evictIdle", []);
  refuseUnknown(value, { perOrigin: 0, inAll: 0 }, "evictIdle option");
  const { perOrigin = "stalest", inAll = "stalest" } = value;
  return {
    evictPerOrigin: oneOf<Eviction>(perOrigin, "evictIdle.perOrigin", EVICTIONS),
    evictInAll: oneOf<Eviction>(inAll, "evictIdle.inAll", EVICTIONS),
  };
}

/** Where the options are from, and the preset that was spread into the last of the layers that has one. */
function sourcesOf(
  layers: readonly Layer[],
): Pick<Settings, "chosen" | "fromEntry" | "preset" | "fromPreset"> {
  const [chosen, fromPreset, fromEntry] = [new Set<string>(), new Set<string>(), new Map<string, string>()];
  let preset: PresetInfo | undefined;
  for (const { options, entry } of layers) {
    const own = options[PRESET];
    preset = own ?? preset;
    for (const [name, value] of Object.entries(chosenOf(options))) {
      chosen.add(name);
      if (entry !== undefined) fromEntry.set(name, entry);
      if (own !== undefined && own.options[name] === value) fromPreset.add(name);
      else fromPreset.delete(name);
    }
  }
  return { chosen, fromEntry, preset, fromPreset };
}

function refuseContradictions(settings: Settings): void {
  const { rules, connectTimeoutMs, requestTimeoutMs, chosen } = settings;
  const { maxConnectionsPerOrigin: perOrigin, maxConnections: inAll } = rules;
  if (chosen.has("maxConnectionsPerOrigin") && exceeds(perOrigin, inAll)) {
    throw new RangeError(`maxConnectionsPerOrigin (${perOrigin}) must not exceed maxConnections (${inAll})`);
  }
  refuseTooManyIdle(rules);
  if (chosen.has("connectTimeout") && exceeds(connectTimeoutMs, requestTimeoutMs)) {
    throw new RangeError(
      `connectTimeout (${connectTimeoutMs} ms) must not exceed requestTimeout (${requestTimeoutMs} ms)`,
    );
  }
  if (settings.unixPath !== undefined && settings.proxy !== false)
    throw new RangeError("unixPath and proxy must not be set together");
}

/** `Infinity` means "off" and contradicts no other limit. */
function exceeds(limit: number, bound: number): boolean {
  return limit > bound && limit !== Infinity;
}
