/**
 * Resolver: looks up the addresses of hostnames, and remembers the answers. Callers that ask at the same time share one
 * lookup. A lookup cannot be cancelled and may hang. So it is shared only until the caller that started it gives up; the
 * others then start another.
 */

import type { Clock } from "../../contract/clock.ts";
import { excerpt } from "../../contract/excerpt.ts";
import { TransportError } from "../../contract/transport.ts";
import { type AddressMemory, NO_ADDRESSES, remember } from "../../rules/address-memory.ts";

/** Looks up a name. Answers `undefined` if the name must be left to the runtime's own connect. */
export type Resolve = (hostname: string) => Promise<readonly string[] | undefined>;

/** A lookup that is under way. */
interface Lookup {
  readonly answer: Promise<readonly string[] | undefined>;
  /** Aborted when the caller that started it gave up. */
  readonly signal: AbortSignal;
}

/** How many names are remembered. Beyond that the name with the oldest answer is forgotten. */
const MOST_NAMES = 10_000;

/** Whether a hostname, as the URL parser spells it, is an address. */
export function isAddress(hostname: string): boolean {
  return hostname.includes(":") || /^[\d.]+$/.test(hostname);
}

/** Looks up names for one pool. */
export class Resolver {
  /** Called after every answer that holds an address. */
  onAnswer: ((hostname: string) => void) | undefined;
  /** How many open connections to a hostname lead to an address. */
  openTo: (hostname: string, address: string) => number = () => 0;
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
      const lookup = this.#lookups.get(hostname);
      // It ends with the signal itself.
      if (lookup === undefined) return await this.#start(hostname, signal);
      try {
        return await unlessAborted(lookup.answer, signal);
      } catch (error) {
        // If only the caller that started the lookup gave up, start another.
        if (signal.aborted || !lookup.signal.aborted) throw error;
      }
    }
  }

  /** Like {@linkcode lookup}, but a lookup that it starts is not shared: no request shall wait for a refresh that hangs. */
  refresh(hostname: string, signal: AbortSignal): Promise<readonly string[] | undefined> {
    return this.#lookups.has(hostname) ? this.lookup(hostname, signal) : this.#ask(hostname, signal);
  }

  #start(hostname: string, signal: AbortSignal): Lookup["answer"] {
    // Clear the entry as soon as there is an answer, so that later callers start afresh.
    const answer = this.#ask(hostname, signal, () => this.#lookups.delete(hostname));
    this.#lookups.set(hostname, { answer, signal });
    return answer;
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

/** Rejects with the signal's reason when it aborts. What it waits for goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener("abort", abort);
    signal.addEventListener("abort", abort);
    promise.then(
      (value) => {
        settled();
        resolve(value);
      },
      (error) => {
        settled();
        reject(error);
      },
    );
  });
}

/** A user's resolver with its answers checked: nothing would look up a name among them. */
export function checkedResolve(
  resolve: (hostname: string) => readonly string[] | Promise<readonly string[]>,
): Resolve {
  return async (hostname) => {
    const answer: unknown = await callUser(resolve, hostname);
    if (Array.isArray(answer) && answer.every((one) => typeof one === "string" && isAddress(one)))
      return answer;
    throw new TransportError("dns", `resolve must answer a list of IP addresses: it did not for ${hostname}`);
  };
}

async function callUser(resolve: (hostname: string) => unknown, hostname: string): Promise<unknown> {
  try {
    return await resolve(hostname);
  } catch (error) {
    throw resolveFailed(hostname, error);
  }
}

function resolveFailed(hostname: string, cause: unknown): TransportError {
  return new TransportError("dns", `resolve failed for ${hostname}: ${excerpt(String(cause))}`, { cause });
}
