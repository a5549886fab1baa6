/**
 * Limit keeper: reads and writes the store in which learned limits outlive the process. It reads once per origin, and
 * writes each time something was learned. A store that fails or holds nonsense breaks nothing: the limits are learned
 * anew. After a failed read the store is asked again, later.
 */

import type { Clock } from "../contract/clock.ts";
import type { LimitMemory, LimitStore, StoredLimit } from "../contract/limit-store.ts";
import type { Origin } from "../contract/origin.ts";
import type { Settings } from "../options/resolve.ts";
import { shiftMemory } from "../rules/learned-limit.ts";

/** How many origins are remembered as asked. A program that visits more asks for some of them again. */
const MOST_ASKED = 10_000;

/** The pause after a failed read of an origin: a store that is down shall not be asked with every request. */
const ASK_AGAIN_MS = 60_000;

/** Reads and writes a store for one pool. */
export class LimitKeeper {
  readonly #store: LimitStore;
  readonly #clock: Clock;
  readonly #restored: (origin: Origin, memory: LimitMemory) => void;
  /** By origin, when to ask again. */
  readonly #asked: Map<string, number> = new Map();
  /** How often the store failed, or held something that is no stored limit. */
  errors = 0;

  /** The keeper of a pool, if its settings have a store. */
  static of(
    { limitStore, clock }: Settings,
    restored: (origin: Origin, memory: LimitMemory) => void,
  ): LimitKeeper | undefined {
    return limitStore === undefined ? undefined : new LimitKeeper(limitStore, clock, restored);
  }

  constructor(store: LimitStore, clock: Clock, restored: (origin: Origin, memory: LimitMemory) => void) {
    this.#store = store;
    this.#clock = clock;
    this.#restored = restored;
  }

  /** An origin is used: reads what the store knows about it, unless that was done. */
  used(origin: Origin): void {
    const askAt = this.#asked.get(origin.key);
    if (askAt !== undefined && (askAt === Infinity || this.#clock.now() < askAt)) return;
    if (this.#asked.size >= MOST_ASKED) this.#asked.clear();
    this.#asked.set(origin.key, Infinity);
    this.#read(origin).catch(() => {
      this.#failed();
      this.#asked.set(origin.key, this.#clock.now() + ASK_AGAIN_MS);
    });
  }

  /** Something was learned. */
  learned(origin: string, memory: LimitMemory): void {
    const stored: StoredLimit = { version: 1, ...shiftMemory(memory, this.#wallOffset()) };
    this.#write(origin, stored).catch(() => this.#failed());
  }

  /** Waits first: a user's function must not run within a step of the pool. */
  async #read(origin: Origin): Promise<void> {
    await undefined;
    const stored = await this.#store.get(origin.key);
    if (stored === null || stored === undefined) return;
    if (isStoredLimit(stored)) this.#restored(origin, shiftMemory(stored, -this.#wallOffset()));
    else this.#failed();
  }

  async #write(origin: string, stored: StoredLimit): Promise<void> {
    await undefined;
    await this.#store.set(origin, stored);
  }

  #failed(): void {
    this.errors += 1;
  }

  #wallOffset(): number {
    return this.#clock.wall() - this.#clock.now();
  }
}

/** How many closes, and how many numbers of requests, a store may hold for one origin. We never write more. */
const MOST_CLOSES = 64;

/** Whether a value from the store is what we write. A store is the outside world, so every field is checked. */
export function isStoredLimit(value: unknown): value is StoredLimit {
  if (typeof value !== "object" || value === null) return false;
  const { version, closes, workedMs, workedAt, burstUntil } = value as Readonly<Record<string, unknown>>;
  if (version !== 1 || !Array.isArray(closes) || closes.length > MOST_CLOSES) return false;
  const areTimes = [workedMs, workedAt, burstUntil].every(Number.isFinite);
  return areTimes && closes.every(isSeenClose) && isHttp2Part(value);
}

/** The part that came with HTTP/2. JSON may have left out any of it. */
function isHttp2Part(value: object): boolean {
  const { goaways = [], goawayBurstUntil = 0, protocol } = value as Readonly<Record<string, unknown>>;
  if (!Array.isArray(goaways) || goaways.length > MOST_CLOSES || !goaways.every(isSeenGoaway)) return false;
  const isKnown = protocol === undefined || protocol === "http/1.1" || protocol === "h2";
  return isKnown && Number.isFinite(goawayBurstUntil);
}

function isSeenGoaway(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { requests, at, times, missed } = value as Readonly<Record<string, unknown>>;
  const areCounts = [requests, times, missed].every((count) => Number.isInteger(count) && Number(count) >= 0);
  return areCounts && Number(requests) > 0 && Number.isFinite(at);
}

function isSeenClose(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { idleMs, at, watched, doubted, silent, livedMs = 0 } = value as Readonly<Record<string, unknown>>;
  const isMarked = (silent === undefined || silent === true) && Number.isFinite(livedMs);
  const flags = isMarked && typeof watched === "boolean" && typeof doubted === "boolean";
  return flags && Number.isFinite(idleMs) && Number(idleMs) >= 0 && Number.isFinite(at);
}
