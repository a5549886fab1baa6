/**
 * Names: the addresses of hostnames, looked up once for all who ask at the same time, and what was answered before. A
 * lookup cannot be ended, and one that hangs must not become everybody's: it is shared only while who asked waits.
 */

import type { Clock } from "../../contract/clock.ts";
import { excerpt } from "../../contract/excerpt.ts";
import { TransportError } from "../../contract/transport.ts";
import { type AddressMemory, NO_ADDRESSES, remember } from "../../rules/address-memory.ts";

/** Looks up a name; `undefined`: only the runtime itself may. */
export type Resolve = (hostname: string) => Promise<readonly string[] | undefined>;

/** One that is under way. */
interface Lookup {
  readonly answer: Promise<readonly string[] | undefined>;
  /** Aborted: who asked has given up. */
  readonly signal: AbortSignal;
}

/** Names whose answers are remembered; the one not asked for longest is forgotten. */
const MOST_NAMES = 10_000;

/** Whether a hostname, as the URL parser spells it, is an address. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}

/** Looks up names for one pool. */
export class Resolver {
  /** Told of every answer that holds an address. */
  onAnswer: ((hostname: string) => void) | undefined;
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #lookups: Map<string, Lookup> = new Map();
  readonly #memories: Map<string, AddressMemory> = new Map();

  constructor(resolve: Resolve, clock: Clock) {
    this.#resolve = resolve;
    this.#clock = clock;
  }

  memoryOf(hostname: string): AddressMemory {
    return this.#memories.get(hostname) ?? NO_ADDRESSES;
  }

  /**
   * @throws {TransportError} of kind `"dns"` when there is no address, or what the resolver throws.
   * @throws `signal.reason`, untouched, when aborted.
   */
  async lookup(hostname: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    for (;;) {
      signal.throwIfAborted();
      const lookup = this.#lookups.get(hostname) ?? this.#start(hostname, signal);
      try {
        return await unlessAborted(lookup.answer, signal);
      } catch (error) {
        // Who asked gave up, as what was asked may never answer: those who waited with it ask anew.
        if (signal.aborted || !lookup.signal.aborted) throw error;
      }
    }
  }

  /** Asks for itself alone: nobody shall wait for an answer that may be long in coming. Throws as {@linkcode lookup}. */
  refresh(hostname: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#lookups.has(hostname) ? this.lookup(hostname, signal) : this.#ask(hostname, signal);
  }

  #start(hostname: string, signal: AbortSignal): Lookup {
    // Whoever asks once there is an answer, be it because of it, is not given this one.
    const answer = this.#ask(hostname, signal, () => this.#lookups.delete(hostname));
    const lookup = { answer, signal };
    this.#lookups.set(hostname, lookup);
    return lookup;
  }

  async #ask(
    hostname: string,
    signal: AbortSignal,
    over?: () => void,
  ): Promise<readonly string[] | undefined> {
    const addresses = await unlessAborted(this.#resolve(hostname), signal).finally(over);
    if (addresses === undefined) return undefined;
    const first = addresses[0];
    if (first === undefined) throw new TransportError("dns", `${hostname} has no address`);
    this.#remember(hostname, remember(this.memoryOf(hostname), addresses, this.#clock.now()));
    this.onAnswer?.(hostname);
    return addresses;
  }

  #remember(hostname: string, memory: AddressMemory): void {
    this.#memories.delete(hostname);
    this.#memories.set(hostname, memory);
    if (this.#memories.size <= MOST_NAMES) return;
    for (const [oldest] of this.#memories) return void this.#memories.delete(oldest);
  }
}

/** Rejects with the reason when aborted: a lookup cannot be. */
function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The resolver that a user gave, with its answers checked: a name among them would be looked up by nobody. */
export function checkedResolve(
  resolve: (hostname: string) => readonly string[] | Promise<readonly string[]>,
): Resolve {
  return async (hostname) => {
    const answer: unknown = await asked(resolve, hostname);
    if (Array.isArray(answer) && answer.every((one) => typeof one === "string" && isAddress(one)))
      return answer;
    throw new TransportError("dns", `resolve must answer a list of IP addresses: it did not for ${hostname}`);
  };
}

async function asked(resolve: (hostname: string) => unknown, hostname: string): Promise<unknown> {
  try {
    return await resolve(hostname);
  } catch (error) {
    throw failed(hostname, error);
  }
}

function failed(hostname: string, cause: unknown): TransportError {
  return new TransportError("dns", `resolve failed for ${hostname}: ${excerpt(String(cause))}`, { cause });
}
