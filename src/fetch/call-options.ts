/**
 * Call options: what one call of `fetch` or `request` may say in place of the pool's options. Foreign fetches ignore the member that
 * holds them.
 */

import type { Duration } from "../contract/duration.ts";
import { type Http2Mode, isSameHttp2, type Origin, originOver } from "../contract/origin.ts";
import type { RequestDeadlines } from "../exchange/message.ts";
import { deadlineMs, flag, objectWith, oneOf, refuseUnknown } from "../options/checks.ts";
import { type DoubtOptions, doubtOf } from "../options/doubt-option.ts";
import type { PoolOptions } from "../options/options.ts";
import type { DoubtSetting } from "../rules/doubt.ts";

/** Options of one call, in place of those of the pool and of the origin's entry. */
export interface CallOptions {
  /**
   * Says that executing the request twice does no harm: it may be sent again like a GET.
   *
   * @default `false`: decided by the method, or an `Idempotency-Key` header.
   */
  readonly idempotent?: boolean;
  /** Replaces the pool's `doubt`. Where it is not `false`, the body must be in memory. @default the pool's */
  readonly doubt?: false | DoubtOptions;
  /** Replaces the pool's `acquireTimeout`. Off: `Infinity`. @default the pool's */
  readonly acquireTimeout?: Duration;
  /** Replaces the pool's `headersTimeout`. Off: `Infinity`. @default the pool's */
  readonly headersTimeout?: Duration;
  /** Replaces the pool's `bodyIdleTimeout`. Off: `Infinity`. @default the pool's */
  readonly bodyIdleTimeout?: Duration;
  /** Replaces the pool's `requestTimeout`, for all redirects that `fetch` follows. Off: `Infinity`. @default the pool's */
  readonly requestTimeout?: Duration;
  /**
   * `false`: the request gets a new connection, which carries no other request and ends with it (`single-use`). Over HTTP/1.1 it
   * says `Connection: close`. It counts for the limits on connections like any other.
   *
   * @default true
   */
  readonly reuse?: boolean;
  /**
   * Replaces the pool's `http2`. A request that speaks otherwise than its origin's others has connections of its own, which it
   * shares with those that say the same. They count as those of an origin beside it, as for upgrades.
   *
   * @default the pool's
   */
  readonly http2?: PoolOptions["http2"];
  /**
   * Anything: the events `request.started`, `.finished`, `.failed`, `.retried` and `.doubted` of the call's requests have it as
   * their `tag`, so that a listener knows whose they are. All events of a request have its number. Of a pool in `trace()`, the tag
   * is an object whose `tag` is this one.
   *
   * @default none
   */
  readonly tag?: unknown;
}

const TIMES = ["acquireTimeout", "headersTimeout", "bodyIdleTimeout", "requestTimeout"] as const;

/** The names of {@linkcode CallOptions}. */
export const CALL_OPTIONS: Readonly<Record<keyof CallOptions, 0>> = {
  idempotent: 0,
  doubt: 0,
  acquireTimeout: 0,
  headersTimeout: 0,
  bodyIdleTimeout: 0,
  requestTimeout: 0,
  reuse: 0,
  http2: 0,
  tag: 0,
};

/** The member of the options that holds options of the pool. */
export interface HoldsCallOptions {
  /**
   * What only a pool understands: every other `fetch` ignores the member, and a pool that has a fallback is asked the same.
   *
   * @default {}
   */
  readonly holdfast?: CallOptions;
}

/** The options under `holdfast`, checked. @throws {TypeError | RangeError} that names the option. */
export function callOptions(holdfast: CallOptions | undefined): CallOptions | undefined {
  if (holdfast === undefined) return undefined;
  objectWith(holdfast, "holdfast", []);
  refuseUnknown(holdfast, CALL_OPTIONS, "holdfast option");
  checkWishes(holdfast);
  for (const name of TIMES) if (holdfast[name] !== undefined) deadlineMs(holdfast[name], name);
  return holdfast;
}

/** Refuses wrong values of what is no time limit. @throws {TypeError} that names the option. */
export function checkWishes({ idempotent, reuse, http2 }: CallOptions): void {
  if (idempotent !== undefined) flag(idempotent, "idempotent");
  if (reuse !== undefined) flag(reuse, "reuse");
  if (http2 !== undefined && http2 !== false) oneOf(http2, "http2", ["alpn", "prior-knowledge"]);
}

/** Options of `request()`, which may stand beside the others or under `holdfast`. @throws {TypeError} if one stands in both. */
export function withHeld<T extends CallOptions & HoldsCallOptions>(options: T): T {
  const held = callOptions(options.holdfast);
  if (held === undefined) return options;
  for (const name of Object.keys(held) as (keyof CallOptions)[]) {
    if (held[name] !== undefined && options[name] !== undefined)
      throw new TypeError(`${name} is set twice: beside holdfast, and in it`);
  }
  return { ...options, ...held };
}

/** The deadlines of one call: those of its options, else the origin's. @throws {TypeError | RangeError} that names the option. */
export function callDeadlines(
  options: Pick<CallOptions, (typeof TIMES)[number]>,
  defaults: RequestDeadlines,
): RequestDeadlines {
  const { acquireTimeout, headersTimeout, bodyIdleTimeout, requestTimeout } = options;
  // The usual case, without an array for four values.
  const hasPhase = headersTimeout !== undefined || bodyIdleTimeout !== undefined;
  if (!hasPhase && acquireTimeout === undefined && requestTimeout === undefined) return defaults;
  const pick = (value: Duration | undefined, name: string, otherwise: number) =>
    value === undefined ? otherwise : deadlineMs(value, name);
  return {
    acquireTimeoutMs: pick(acquireTimeout, "acquireTimeout", defaults.acquireTimeoutMs),
    headersTimeoutMs: pick(headersTimeout, "headersTimeout", defaults.headersTimeoutMs),
    bodyIdleTimeoutMs: pick(bodyIdleTimeout, "bodyIdleTimeout", defaults.bodyIdleTimeoutMs),
    requestTimeoutMs: pick(requestTimeout, "requestTimeout", defaults.requestTimeoutMs),
  };
}

/** When the request is sent a second time, if the call says so. */
export function callDoubt(
  { doubt }: CallOptions,
  { headersTimeoutMs }: RequestDeadlines,
): DoubtSetting | false | undefined {
  return doubt === undefined ? undefined : doubtOf(doubt, headersTimeoutMs);
}

/** The origin whose connections carry the request: another one if the call wants HTTP/2 in another way than it is spoken there. */
export function callOrigin(origin: Origin, { http2 }: CallOptions, usual: Http2Mode): Origin {
  return http2 === undefined || isSameHttp2(origin, http2, usual) ? origin : originOver(origin, http2);
}
