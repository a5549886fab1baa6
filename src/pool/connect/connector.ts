/** Opener: from a target to a socket: a Unix socket or an address directly, a name by a race of its addresses. */

import type { Clock } from "../../contract/clock.ts";
import type { Socket, SocketHandler, Target, Transport } from "../../contract/transport.ts";
import { answerFault, thrownFault } from "../../contract/user-functions.ts";
import type { Settings } from "../../options/resolve.ts";
import { interleave } from "../../rules/address-memory.ts";
import { checkedSocket } from "./checked-socket.ts";
import { happyEyeballs } from "./happy-eyeballs.ts";
import { checkedResolve, isAddress, Resolver } from "./resolver.ts";
import { resumeAfterDelivery } from "./resume-after-delivery.ts";

/** Opens sockets for one pool. */
export class Connector {
  /** Absent where the transport alone looks up names. */
  readonly resolver: Resolver | undefined = undefined;
  readonly #transport: Transport;
  readonly #clock: Clock;
  /** Whether the transport is the user's own choice. */
  readonly #usersTransport: boolean;

  constructor({ resolve: given, clock, transport: chosen }: Settings, transport: Transport) {
    this.#usersTransport = chosen !== undefined;
    const resolve = given === undefined ? transport.resolve : checkedResolve(given);
    this.#transport = transport;
    this.#clock = clock;
    if (resolve === undefined) return;
    this.resolver = new Resolver(async (hostname) => {
      // A function of the user's is not called within a step of the pool.
      await undefined;
      return resolve(hostname);
    }, clock);
  }

  /** See {@linkcode Transport.connect}. */
  connect(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const { resolver } = this;
    const name = resolver === undefined ? undefined : nameIn(target);
    if (resolver === undefined || name === undefined) return this.#connectTo(target, handler, signal);
    return resumeAfterDelivery(this.#connectByName(resolver, target, handler, signal));
  }

  async #connectByName(
    names: Resolver,
    target: Target,
    handler: SocketHandler,
    signal: AbortSignal,
  ): Promise<Socket> {
    const addresses = await names.lookup(target.hostname, signal);
    const guard = this.#usersTransport ? (socket: Socket) => checkedSocket(socket, handler) : undefined;
    const options = { clock: this.#clock, handler, signal, guard };
    const connect = (
      address: string | undefined,
      attempt: SocketHandler,
      given: AbortSignal,
    ): Promise<Socket> =>
      this.#connectTo(address === undefined ? target : { ...target, address }, attempt, given);
    if (addresses !== undefined)
      return happyEyeballs({ ...options, addresses: interleave(addresses), connect });
    const opened = await connect(undefined, handler, signal);
    const socket = this.#usersTransport ? checkedSocket(opened, handler) : opened;
    socket.pause();
    return socket;
  }

  /** Rejects where a transport of the user's throws, or answers nothing to wait for. */
  #connectTo(target: Target, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    try {
      const opening: unknown = this.#transport.connect(target, handler, signal);
      if (opening instanceof Object && "then" in opening) return opening as Promise<Socket>;
      return Promise.reject(answerFault("transport.connect", "a promise", opening));
    } catch (cause) {
      return Promise.reject(thrownFault("transport.connect", cause));
    }
  }
}

/** The name that must be looked up to reach a target. */
export function nameIn({ hostname, unixPath }: Target): string | undefined {
  return unixPath !== undefined || isAddress(hostname) ? undefined : hostname;
}
