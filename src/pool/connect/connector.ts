/**
 * Connector: from a target to a socket. Unix sockets and IP addresses are connected to directly; a name is looked up, and
 * its addresses are tried as Happy Eyeballs wants it.
 */

import type { Clock } from "../../contract/clock.ts";
import type { Socket, SocketHandler, Target, Transport } from "../../contract/transport.ts";
import { returnFault, thrownFault } from "../../contract/user-functions.ts";
import type { Settings } from "../../options/resolve.ts";
import { interleave } from "../../rules/address-memory.ts";
import { orderByLoad } from "../../rules/address-order.ts";
import type { Spread } from "../../rules/rules.ts";
import { checkedSocket } from "./checked-socket.ts";
import { happyEyeballs } from "./happy-eyeballs.ts";
import { RaceMemory } from "./race-memory.ts";
import { checkedResolve, isAddress, type Resolve, Resolver } from "./resolver.ts";
import { resumeAfterDelivery } from "./resume-after-delivery.ts";

/** Counts by name what is under way. */
class Tally {
  readonly #counts: Map<string, number> = new Map();

  count(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts one more until the promise is settled. */
  during<T>(name: string, promise: Promise<T>): Promise<T> {
    this.#counts.set(name, this.count(name) + 1);
    return promise.finally(() => {
      const left = this.count(name) - 1;
      if (left > 0) this.#counts.set(name, left);
      else this.#counts.delete(name);
    });
  }
}

/** Connects the sockets of one pool. */
export class Connector {
  /** Absent if only the transport itself can look up names. */
  readonly resolver: Resolver | undefined = undefined;
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** Whether the user gave the transport, so that its sockets must be checked. */
  readonly #usersTransport: boolean;
  readonly #races: RaceMemory = new RaceMemory();
  readonly #random: () => number;
  readonly #heading: Tally = new Tally();

  constructor(
    { resolve: usersResolve, clock, random, transport: usersTransport }: Settings,
    transport: Transport,
  ) {
    this.#random = random;
    this.#usersTransport = usersTransport !== undefined;
    const resolve = usersResolve === undefined ? transport.resolve : checkedResolve(usersResolve);
    this.#transport = transport;
    this.#clock = clock;
    if (resolve === undefined) return;
    const isUsers = this.#usersTransport || usersResolve !== undefined;
    this.resolver = new Resolver(isUsers ? later(resolve) : resolve, clock);
  }

  /** See {@linkcode Transport.connect}. */
  connect(
    target: Target,
    handler: SocketHandler,
    signal: AbortSignal,
    spread: Spread = "first",
  ): Promise<Socket> {
    const { resolver } = this;
    const name = resolver === undefined ? undefined : nameIn(target);
    if (resolver === undefined || name === undefined) return this.#connectTo(target, handler, signal);
    return resumeAfterDelivery(this.#connectByName(resolver, target, handler, signal, spread));
  }

  async #connectByName(
    resolver: Resolver,
    target: Target,
    handler: SocketHandler,
    signal: AbortSignal,
    spread: Spread,
  ): Promise<Socket> {
    const { hostname } = target;
    const addresses = await resolver.lookup(hostname, signal);
    if (addresses === undefined) return this.#connectAlone(target, handler, signal);
    if (this.#hasNoRival(hostname, addresses)) {
      signal.throwIfAborted();
      // Not by `#connectAlone`, whose promise would be one more.
      const lone = await this.#connectTo({ ...target, address: addresses[0] }, handler, signal);
      lone.pause();
      return lone;
    }
    const wrap = (socket: Socket): Socket => this.#wrapped(socket, handler);
    const spreads = spread === "all" && addresses.length > 1;
    const preferred = spreads ? this.#byLoad(resolver, hostname, addresses) : interleave(addresses);
    const ordered = this.#races.order(hostname, preferred, this.#clock.now());
    const racing = happyEyeballs({
      addresses: ordered,
      clock: this.#clock,
      handler,
      signal,
      wrap,
      raceEnded: (winner, losers) => this.#races.raceEnded(hostname, winner, losers, this.#clock.now()),
      connect: (address, ...rest) => this.#connectTo({ ...target, address }, ...rest),
    });
    return spreads ? this.#heading.during(`${ordered[0]} of ${hostname}`, racing) : racing;
  }

  /**
   * Fast path: a lone address of our own transports, which heed an aborted signal, needs no race, and none that it has lost has to be
   * forgotten. Without the race's signal, its listeners and records, a new TLS connection takes 3 to 4 % less CPU time on Bun 1.4.
   */
  #hasNoRival(hostname: string, addresses: readonly string[]): boolean {
    return addresses.length === 1 && !this.#usersTransport && !this.#races.remembers(hostname);
  }

  /** Resolves with the socket, paused. */
  async #connectAlone(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const socket = this.#wrapped(await this.#connectTo(target, handler, signal), handler);
    socket.pause();
    return socket;
  }

  #wrapped(socket: Socket, handler: SocketHandler): Socket {
    return this.#usersTransport ? checkedSocket(socket, handler) : socket;
  }

  /** Connections that are being opened count for the address that is tried first. */
  #byLoad(resolver: Resolver, hostname: string, addresses: readonly string[]): readonly string[] {
    const loadOf = (address: string): number =>
      resolver.openTo(hostname, address) + this.#heading.count(`${address} of ${hostname}`);
    const loads = new Map(addresses.map((address) => [address, loadOf(address)]));
    return orderByLoad(addresses, (address) => loads.get(address) ?? 0, this.#random());
  }

  /** Rejects if a user's transport throws, or returns no promise. */
  #connectTo(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    try {
      const opening: unknown = this.#transport.connect(target, handler, signal);
      if (opening instanceof Object && "then" in opening) return opening as Promise<Socket>;
      return Promise.reject(returnFault("transport.connect", "a promise", opening));
    } catch (cause) {
      return Promise.reject(thrownFault("transport.connect", cause));
    }
  }
}

/** A user's function must not run within a step of the pool. */
function later(resolve: Resolve): Resolve {
  return async (hostname) => {
    await undefined;
    return resolve(hostname);
  };
}

/** The name that must be looked up to reach a target; `undefined` for an IP address or a Unix socket. */
export function nameIn({ hostname, unixPath }: Pick<Target, "hostname" | "unixPath">): string | undefined {
  return unixPath !== undefined || isAddress(hostname) ? undefined : hostname;
}
