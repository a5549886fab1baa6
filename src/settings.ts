/** Settings: options resolved to what the code works with. Refuses what is unknown, wrong or contradictory. */

import { type Clock, systemClock } from "./clock.ts";
import { type Duration, toMs } from "./duration.ts";
import type { PoolListener } from "./events.ts";
import type { PoolOptions, ResponseLimits, TlsOptions } from "./options.ts";
import type { HintReader } from "./rules/hints.ts";
import type { ReuseOrder, Rules } from "./rules/rules.ts";
import type { TcpKeepAlive, Transport } from "./transport.ts";

/** Every option, resolved. Milliseconds; `Infinity` is "off". */
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
  readonly tls: TlsOptions;
  readonly retry: boolean;
  readonly strict: boolean;
  readonly limits: Required<ResponseLimits>;
  readonly transport: Transport | undefined;
  readonly onEvent: PoolListener | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** The options the user set, for `explain()`. */
  readonly chosen: ReadonlySet<string>;
}

/** Options that have a default, and those whose default is "none". */
type Unset = "hintMargin" | "transport" | "onEvent";
type Defaults = Readonly<Required<Omit<PoolOptions, Unset>> & Record<Unset, undefined>>;

/** Defaults of {@linkcode PoolOptions}, as users would write them; `explain()` and the docs read them too. */
export const DEFAULTS: Defaults = {
  idleTimeout: "55s",
  maxRequests: Infinity,
  maxLifetime: "1h",
  lifetimeJitter: 0.1,
  serverHints: "honor",
  hintMargin: undefined,
  maxConnections: 1024,
  maxConnectionsPerOrigin: 256,
  maxIdle: Infinity,
  maxIdlePerOrigin: Infinity,
  maxQueue: 10_000,
  reuseOrder: "lifo",
  tcpKeepAlive: false,
  noDelay: true,
  tls: {},
  transport: undefined,
  acquireTimeout: "60s",
  connectTimeout: "10s",
  headersTimeout: "5m",
  bodyIdleTimeout: "5m",
  requestTimeout: Infinity,
  retry: true,
  unsafeReuse: "2s",
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
  informationalCount: 16,
};

/**
 * The settings that `options` mean.
 *
 * @throws {TypeError} for an unknown option or a value of the wrong type.
 * @throws {RangeError} for a value out of range or two options that contradict each other.
 */
export function resolveOptions(options: PoolOptions = {}): Settings {
  refuseUnknown(options, DEFAULTS, "option");
  const settings: Settings = {
    rules: rulesOf(options),
    hints: hintsOf(options.serverHints ?? DEFAULTS.serverHints),
    ...deadlinesOf(options),
    tcpKeepAlive: tcpKeepAliveOf(options.tcpKeepAlive ?? false),
    noDelay: flag(options.noDelay, "noDelay", DEFAULTS.noDelay),
    tls: tlsOf(options.tls ?? {}),
    retry: flag(options.retry, "retry", DEFAULTS.retry),
    strict: flag(options.strict, "strict", DEFAULTS.strict),
    limits: responseLimitsOf(options.responseLimits ?? {}),
    transport: transportOf(options.transport),
    onEvent: callable(options.onEvent, "onEvent"),
    clock: options.clock ?? systemClock,
    random: callable(options.random, "random") ?? Math.random,
    chosen: new Set(Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]))),
  };
  refuseContradictions(settings);
  return settings;
}

function rulesOf(options: PoolOptions): Rules {
  const duration = (name: "idleTimeout" | "maxLifetime" | "unsafeReuse") =>
    toMs(options[name] ?? DEFAULTS[name], name);
  return {
    idleTimeoutMs: duration("idleTimeout"),
    maxLifetimeMs: duration("maxLifetime"),
    lifetimeJitter: share(options.lifetimeJitter ?? DEFAULTS.lifetimeJitter, "lifetimeJitter"),
    maxRequests: count(options, "maxRequests", 1),
    hintMarginMs: options.hintMargin === undefined ? undefined : toMs(options.hintMargin, "hintMargin"),
    maxConnections: count(options, "maxConnections", 1),
    maxConnectionsPerOrigin: count(options, "maxConnectionsPerOrigin", 1),
    maxIdle: count(options, "maxIdle", 0),
    maxIdlePerOrigin: count(options, "maxIdlePerOrigin", 0),
    maxQueue: count(options, "maxQueue", 0),
    reuseOrder: oneOf<ReuseOrder>(options.reuseOrder ?? DEFAULTS.reuseOrder, "reuseOrder", ["lifo", "fifo"]),
    unsafeReuseMs: duration("unsafeReuse"),
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

/** Deadlines of a pool, or of one request over those of its pool. A deadline of 0 would fail everything. */
function deadlinesOf(options: PoolOptions): Deadlines {
  const [acquire, connect, headers, body, total] = DEADLINES.map((name) =>
    deadlineMs(options[name] ?? DEFAULTS[name], name),
  ) as [number, number, number, number, number];
  return {
    acquireTimeoutMs: acquire,
    connectTimeoutMs: connect,
    headersTimeoutMs: headers,
    bodyIdleTimeoutMs: body,
    requestTimeoutMs: total,
  };
}

/** A deadline in ms. @throws {RangeError} when it is not above 0: "off" is `Infinity`. */
export function deadlineMs(value: Duration, option: string): number {
  const ms = toMs(value, option);
  if (ms > 0) return ms;
  throw new RangeError(`${option} must be above 0, and Infinity for none: current value is ${value}`);
}

function tcpKeepAliveOf(value: PoolOptions["tcpKeepAlive"]): TcpKeepAlive | false {
  if (value === false || value === undefined) return false;
  if (typeof value !== "object" || value === null) {
    throw new TypeError(
      `tcpKeepAlive must be false or an object such as { idle: "60s" }: current value is ${show(value)}`,
    );
  }
  refuseUnknown(value, { idle: 0, interval: 0, probes: 0 }, "tcpKeepAlive option");
  const { probes } = value;
  if (probes !== undefined && !(Number.isInteger(probes) && probes >= 1 && probes <= 127)) {
    throw new RangeError(
      `tcpKeepAlive.probes must be a whole number from 1 to 127: current value is ${probes}`,
    );
  }
  return {
    idleMs: kernelSeconds(value.idle, "tcpKeepAlive.idle"),
    intervalMs: kernelSeconds(value.interval, "tcpKeepAlive.interval"),
    probes,
  };
}

/** The kernel takes 1 to 32767 whole seconds; less than one is rounded to 0, which means its default of 2 h. */
function kernelSeconds(value: Duration | undefined, option: string): number | undefined {
  if (value === undefined) return undefined;
  const ms = toMs(value, option);
  if (ms >= 1000 && ms <= 32_767_000) return ms;
  throw new RangeError(`${option} must be from "1s" to "32767s": current value is ${value}`);
}

function tlsOf(value: TlsOptions): TlsOptions {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`tls must be an object: current value is ${show(value)}`);
  }
  refuseUnknown(value, { ca: 0, cert: 0, key: 0, serverName: 0, rejectUnauthorized: 0 }, "tls option");
  flag(value.rejectUnauthorized, "tls.rejectUnauthorized", true);
  if ((value.cert === undefined) !== (value.key === undefined)) {
    throw new RangeError(
      `tls.cert and tls.key must be set together: ${value.cert === undefined ? "cert" : "key"} is missing`,
    );
  }
  return value;
}

function responseLimitsOf(value: ResponseLimits): Required<ResponseLimits> {
  refuseUnknown(value, RESPONSE_LIMITS, "responseLimits option");
  const limits = { ...RESPONSE_LIMITS };
  for (const name of Object.keys(RESPONSE_LIMITS) as (keyof ResponseLimits)[]) {
    limits[name] = wholeNumber(value[name] ?? RESPONSE_LIMITS[name], `responseLimits.${name}`, 1);
  }
  return limits;
}

function hintsOf(value: unknown): Settings["hints"] {
  if (typeof value === "function") return value as HintReader;
  return oneOf<"honor" | "ignore">(value, "serverHints", ["honor", "ignore"]);
}

function transportOf(value: Transport | undefined): Transport | undefined {
  if (value === undefined) return undefined;
  if (typeof value === "object" && value !== null && typeof value.connect === "function") return value;
  throw new TypeError(`transport must be an object with a connect() method: current value is ${show(value)}`);
}

function refuseContradictions(settings: Settings): void {
  const { rules } = settings;
  if (
    rules.maxConnectionsPerOrigin > rules.maxConnections &&
    settings.chosen.has("maxConnectionsPerOrigin")
  ) {
    throw new RangeError(
      `maxConnectionsPerOrigin (${rules.maxConnectionsPerOrigin}) must not exceed maxConnections (${rules.maxConnections})`,
    );
  }
  if (settings.connectTimeoutMs > settings.requestTimeoutMs && settings.chosen.has("connectTimeout")) {
    throw new RangeError(
      `connectTimeout (${settings.connectTimeoutMs} ms) must not exceed requestTimeout (${settings.requestTimeoutMs} ms)`,
    );
  }
}

// Checks of single values. Each names the option and shows the value.

/** @throws {TypeError} when `given` has a key that `known` lacks. */
export function refuseUnknown(given: object, known: object, what: string): void {
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) {
      throw new TypeError(`Unknown ${what} "${name}": known are ${Object.keys(known).join(", ")}`);
    }
  }
}

function count(
  options: PoolOptions,
  name:
    | "maxRequests"
    | "maxConnections"
    | "maxConnectionsPerOrigin"
    | "maxIdle"
    | "maxIdlePerOrigin"
    | "maxQueue",
  least: number,
): number {
  return wholeNumber(options[name] ?? DEFAULTS[name], name, least);
}

function wholeNumber(value: unknown, option: string, least: number): number {
  if (typeof value !== "number")
    throw new TypeError(`${option} must be a number: current value is ${show(value)}`);
  if (value === Infinity || (Number.isSafeInteger(value) && value >= least)) return value;
  throw new RangeError(
    `${option} must be a whole number from ${least}, or Infinity: current value is ${value}`,
  );
}

function share(value: unknown, option: string): number {
  if (typeof value !== "number")
    throw new TypeError(`${option} must be a number: current value is ${show(value)}`);
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`${option} must be from 0 to 1: current value is ${value}`);
}

function flag(value: unknown, option: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise;
  if (typeof value === "boolean") return value;
  throw new TypeError(`${option} must be true or false: current value is ${show(value)}`);
}

function oneOf<T extends string>(value: unknown, option: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found !== undefined) return found;
  throw new TypeError(
    `${option} must be ${allowed.map((name) => `"${name}"`).join(" or ")}: current value is ${show(value)}`,
  );
}

function callable<T>(value: T | undefined, option: string): T | undefined {
  if (value === undefined || typeof value === "function") return value;
  throw new TypeError(`${option} must be a function: current value is ${show(value)}`);
}

function show(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}
