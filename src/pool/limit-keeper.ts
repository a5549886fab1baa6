/**
 * Limit keeper: reads and writes the store in which learned limits outlive the process. Asked once per origin, told each
 * time something was learned. A store that fails or holds nonsense costs only what it might have known; one that failed
 * to answer is asked again, later.
 */

import type { Clock } from "../contract/clock.ts";
import type { LimitMemory, LimitStore, StoredLimit } from "../contract/limit-store.ts";
import type { Origin } from "../contract/origin.ts";
import type { Settings } from "../options/resolve.ts";
import { shiftMemory } from "../rules/learned-limit.ts";

/** Origins whose question is remembered; a program that visits more asks some of them again. */
const MOST_ASKED = 10_000;

/** How long an origin goes without another question after one that failed: a store that is down has enough to do. */
const ASK_AGAIN_MS = 60_000;

/** Reads and writes a store for one pool. */
export class LimitKeeper {
  readonly #store: LimitStore;
  readonly #clock: Clock;
  readonly #restored: (origin: Origin, memory: LimitMemory) => void;
  /** By origin, when to ask again. */
  readonly #asked: Map<string, number> = new Map();
  /** How often the store failed, or held something else. */
  errors = 0;

  /** The keeper that the settings ask for, if they do. */
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

  /** An origin is used; what the store knows of it follows. */
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

  /** A function of the user's is not called within a step of the pool. */
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

/** Closes that a store may hold for one origin; more were not written by us. */
const MOST_CLOSES = 64;

/** A store is the outside world: whatever it gives is checked. */
export function isStoredLimit(value: unknown): value is StoredLimit {
  if (typeof value !== "object" || value === null) return false;
  const { version, closes, workedMs, workedAt, burstUntil } = value as Readonly<Record<string, unknown>>;
  if (version !== 1 || !Array.isArray(closes) || closes.length > MOST_CLOSES) return false;
  return [workedMs, workedAt, burstUntil].every(Number.isFinite) && closes.every(isSeenClose);
}

function isSeenClose(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { idleMs, at, watched, doubted } = value as Readonly<Record<string, unknown>>;
  const flags = typeof watched === "boolean" && typeof doubted === "boolean";
  return flags && Number.isFinite(idleMs) && Number(idleMs) >= 0 && Number.isFinite(at);
}
