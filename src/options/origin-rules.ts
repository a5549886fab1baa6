/**
 * Origin rules: the option `origins`. It is read and checked here: which entries an origin has, in which order they count, and what
 * an entry may say. What options mean is up to `resolve.ts`.
 *
 * Entries that have an origin in common are nested, because anything else is refused. So the entries of any origin are
 * those that cover the narrowest of them: there are no more combinations than entries, and all are resolved when the pool is made.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import {
  type FunctionFault,
  faultAt,
  refusedFault,
  returnFault,
  thrownFault,
} from "../contract/user-functions.ts";
import { PRESET } from "../rules/preset-info.ts";
import { objectWith, refuseUnknown, show, wholeNumber } from "./checks.ts";
import type { OriginOptions, OriginsOption, PoolOptions } from "./options.ts";
import { covers, matches, type OriginPattern, originPattern, overlap } from "./origin-pattern.ts";

/** Options that count together, and whose they are. */
export interface Layer {
  readonly options: PoolOptions;
  /** The pattern; `undefined` for the pool's own. */
  readonly entry: string | undefined;
}

/** What counts for each origin. */
export interface OriginRules<S> {
  /**
   * The same object for an origin every time; `undefined` if it has the rules of the pool.
   *
   * @throws {HoldfastError} with ERR_FUNCTION, if the user's function fails.
   */
  of(origin: Origin): S | undefined;
  /** Whether some origin has, or may have, what `is` says. */
  mayHave(is: (settings: S) => boolean): boolean;
}

/** What the pool itself says. */
interface OfPool<S> {
  /** All options, with the pool's values. */
  readonly options: PoolOptions;
  /** The settings that follow from the pool's own options with these on top, the last one before the others. */
  readonly resolve: (layers: readonly Layer[]) => S;
}

/** Options that a pool has once: an entry that sets one of them would have no effect, or one on other origins. */
const POOL_WIDE: ReadonlySet<string> = new Set([
  "origins",
  "transport",
  "onEvent",
  "clock",
  "random",
  "strict",
  "resolve",
  "dnsRefresh",
]);

/** Origins whose rules are remembered. Beyond it the one that was asked for first is looked up again. */
const MOST_REMEMBERED = 10_000;

/**
 * The rules by the option; `undefined` if no origin has rules of its own.
 *
 * @throws {TypeError | RangeError} naming the entry, for one that is wrong by itself, together with others, or with the pool's options.
 */
export function originRules<S>(
  origins: OriginsOption | undefined,
  pool: OfPool<S>,
): OriginRules<S> | undefined {
  if (origins === undefined) return undefined;
  if (typeof origins === "function") return new AskedRules(origins, pool);
  objectWith(origins, "origins", []);
  const entries = Object.entries(origins)
    .filter(([, options]) => options !== undefined)
    .map(([text, options]) => ({ pattern: originPattern(text), options }));
  refuseOverlaps(entries.map(({ pattern }) => pattern));
  return entries.length === 0 ? undefined : new ListedRules(entries, pool);
}

function refuseOverlaps(patterns: readonly OriginPattern[]): void {
  for (const [at, one] of patterns.entries()) {
    for (const other of patterns.slice(at + 1)) {
      if (!overlap(one, other)) continue;
      const [forth, back] = [covers(one, other), covers(other, one)];
      if (forth !== back) continue;
      throw new RangeError(
        forth
          ? `origins has the same origins twice: "${one.text}" and "${other.text}"`
          : `origins has patterns that overlap: "${one.text}" and "${other.text}" are both for some origins, and neither is the narrower one`,
      );
    }
  }
}

interface Entry {
  readonly pattern: OriginPattern;
  readonly options: OriginOptions;
}

/** Origins beside another, as those of its upgrades, have its rules. */
function keyOfBase({ key, base }: Origin): string {
  return base === undefined ? key : base.key;
}

/** Remembers what was found for each origin. */
class Remembered<S> {
  readonly #found: Map<string, S | null> = new Map();

  of(key: string, find: () => S | undefined): S | undefined {
    const known = this.#found.get(key);
    if (known !== undefined) return known ?? undefined;
    const found = find();
    this.#found.set(key, found ?? null);
    if (this.#found.size > MOST_REMEMBERED)
      for (const [oldest] of this.#found) {
        this.#found.delete(oldest);
        break;
      }
    return found;
  }
}

/** Rules by entries. */
class ListedRules<S> implements OriginRules<S> {
  /** An origin's narrowest entry comes first. */
  readonly #entries: readonly { readonly pattern: OriginPattern; readonly settings: S }[];
  readonly #remembered: Remembered<S> = new Remembered();

  constructor(entries: readonly Entry[], pool: OfPool<S>) {
    const layers = entries.map(({ pattern: { text }, options }) =>
      named(text, () => layerOf(text, options, pool)),
    );
    const depthOf = (pattern: OriginPattern) => entries.filter((one) => covers(one.pattern, pattern)).length;
    const byDepth = entries
      .map(({ pattern }, at) => ({ pattern, layer: layers[at] as Layer, depth: depthOf(pattern) }))
      .sort((one, other) => one.depth - other.depth);
    this.#entries = byDepth
      .map(({ pattern }) => {
        const chain = byDepth.filter((wider) => covers(wider.pattern, pattern)).map(({ layer }) => layer);
        return { pattern, settings: named(pattern.text, () => pool.resolve(chain)) };
      })
      .reverse();
  }

  of(origin: Origin): S | undefined {
    if (origin.isProxy === true) return undefined;
    return this.#remembered.of(
      keyOfBase(origin),
      () => this.#entries.find(({ pattern }) => matches(pattern, origin))?.settings,
    );
  }

  mayHave(is: (settings: S) => boolean): boolean {
    return this.#entries.some(({ settings }) => is(settings));
  }
}

/** Rules by a function of the user. */
class AskedRules<S> implements OriginRules<S> {
  readonly #ask: (origin: string) => OriginOptions | undefined;
  readonly #pool: OfPool<S>;
  readonly #remembered: Remembered<S> = new Remembered();
  /** Many origins may have the same rules: they are resolved once. */
  readonly #byAnswer: WeakMap<OriginOptions, S> = new WeakMap();

  constructor(ask: (origin: string) => OriginOptions | undefined, pool: OfPool<S>) {
    this.#ask = ask;
    this.#pool = pool;
  }

  of(origin: Origin): S | undefined {
    if (origin.isProxy === true) return undefined;
    const key = keyOfBase(origin);
    return this.#remembered.of(key, () => this.#asked(key));
  }

  /** What the function will answer is not known. */
  mayHave(): boolean {
    return true;
  }

  #asked(key: string): S | undefined {
    let answer: unknown;
    try {
      answer = this.#ask(key);
    } catch (cause) {
      throw failed(key, thrownFault("origins", cause));
    }
    if (answer === undefined) return undefined;
    if (typeof answer !== "object" || answer === null || answer instanceof Promise)
      throw failed(key, returnFault("origins", "rules or undefined", answer));
    const known = this.#byAnswer.get(answer);
    if (known !== undefined) return known;
    try {
      const settings = this.#pool.resolve([layerOf("a function", answer, this.#pool)]);
      this.#byAnswer.set(answer, settings);
      return settings;
    } catch (refusal) {
      throw failed(key, refusedFault("origins", refusal));
    }
  }
}

/** No connection was asked for yet. */
function failed(origin: string, fault: FunctionFault): HoldfastError {
  return new HoldfastError({
    code: "ERR_FUNCTION",
    phase: "queue",
    sent: "none",
    retriable: false,
    origin,
    message: `No rules for ${origin}: ${fault.message}`,
    cause: faultAt(fault, "queue", "none"),
  });
}

/** An entry as options of the pool. @throws {TypeError | RangeError} for what the pool alone can say, and what contradicts itself. */
function layerOf<S>(entry: string, options: OriginOptions, { options: ofPool }: OfPool<S>): Layer {
  objectWith(options, "the rules", []);
  refuseUnknown(options, ofPool, "option");
  for (const [name, value] of Object.entries(options)) {
    if (POOL_WIDE.has(name) && value !== undefined)
      throw new TypeError(`${name} is the pool's, and cannot be set for some origins`);
  }
  if (typeof options.learn === "object")
    throw new TypeError("learn.store is the pool's: for some origins learn can be true or false");
  const { maxConnections, maxIdle, evictIdle, ...others } = options as PoolOptions;
  return {
    entry,
    options: {
      ...others,
      ...narrowed(options, ofPool, "maxConnections", 1),
      ...narrowed(options, ofPool, "maxIdle", 0),
      ...evictionOf(evictIdle, options[PRESET] !== undefined, ofPool),
    },
  };
}

/** One limit of two that mean the same for one origin. Neither can be above what the pool has in all. */
function narrowed(
  options: OriginOptions,
  ofPool: PoolOptions,
  total: "maxConnections" | "maxIdle",
  least: number,
): PoolOptions {
  const perOrigin = `${total}PerOrigin` as const;
  const bound = ofPool[total] ?? Infinity;
  const limitOf = (name: typeof total | typeof perOrigin): number | undefined => {
    const value = options[name];
    if (value === undefined) return undefined;
    const limit = wholeNumber(value, name, least);
    // A preset that is spread into an entry says what its system has in all. The pool may have less.
    const isPreset = options[PRESET]?.options[name] === value;
    if (limit <= bound || limit === Infinity || isPreset) return limit;
    throw new RangeError(`${name} (${limit}) must not exceed ${total} of the pool (${bound})`);
  };
  const [inAll, own] = [limitOf(total), limitOf(perOrigin)];
  if (inAll !== undefined && own !== undefined && own > inAll && own !== Infinity)
    throw new RangeError(`${perOrigin} (${own}) must not exceed ${total} (${inAll})`);
  if (inAll === undefined && own === undefined) return {};
  return { [perOrigin]: Math.min(inAll ?? Infinity, own ?? Infinity) };
}

/** Above `maxIdle` of the pool it is the pool that chooses. A preset that is spread into an entry says more than an entry can. */
function evictionOf(
  evictIdle: PoolOptions["evictIdle"],
  isPreset: boolean,
  { evictIdle: ofPool = "stalest" }: PoolOptions,
): PoolOptions {
  if (evictIdle === undefined) return {};
  const isObject = typeof evictIdle === "object" && evictIdle !== null;
  if (isObject && evictIdle.inAll !== undefined && !isPreset)
    throw new TypeError("evictIdle.inAll is the pool's, and cannot be set for some origins");
  const inAll = typeof ofPool === "object" ? ofPool.inAll : ofPool;
  const own = isObject ? evictIdle : { perOrigin: evictIdle };
  return { evictIdle: { ...own, ...(inAll === undefined ? {} : { inAll }) } };
}

/** An error of an entry names it. */
function named<T>(entry: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const message = `origins[${show(entry)}]: ${error instanceof Error ? error.message : String(error)}`;
    throw error instanceof RangeError ? new RangeError(message) : new TypeError(message);
  }
}
