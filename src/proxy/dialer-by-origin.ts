/** Dialer by origin: connects to each origin as its own rules want it: through another proxy, with other TLS, over a Unix socket. */

import type { Origin } from "../contract/origin.ts";
import type { Socket, SocketHandler } from "../contract/transport.ts";
import type { Dialer, Via } from "../pool/connect/dialer.ts";
import type { Resolver } from "../pool/connect/resolver.ts";

/** A dialer for origins with rules of their own. It is made once for all that have the same. */
export interface OwnDialer {
  /** The rules. */
  readonly key: object;
  readonly make: () => Dialer;
}

/** The dialers of one pool. */
export class DialerByOrigin implements Dialer {
  readonly resolver: Resolver | undefined;
  readonly #ofPool: Dialer;
  readonly #ownOf: (origin: Origin) => OwnDialer | undefined;
  /** Origins with rules of their own share no connections with others. */
  readonly pooledAs: Dialer["pooledAs"];
  readonly #own: WeakMap<object, Dialer> = new WeakMap();
  #onShortfall: Parameters<Dialer["reportTo"]>[0] | undefined;

  /** `ownOf` answers `undefined` for an origin that has the rules of the pool. */
  constructor(ofPool: Dialer, ownOf: (origin: Origin) => OwnDialer | undefined) {
    this.resolver = ofPool.resolver;
    this.#ofPool = ofPool;
    this.#ownOf = ownOf;
    const { pooledAs } = ofPool;
    this.pooledAs =
      pooledAs === undefined
        ? undefined
        : (origin) => (ownOf(origin) === undefined ? pooledAs(origin) : origin);
  }

  reportTo(onShortfall: Parameters<Dialer["reportTo"]>[0]): void {
    this.#onShortfall = onShortfall;
    this.#ofPool.reportTo(onShortfall);
  }

  nameTo(origin: Origin): string | undefined {
    return this.#to(origin).nameTo(origin);
  }

  viaTo(origin: Origin): Via | undefined {
    return this.#to(origin).viaTo(origin);
  }

  connect(origin: Origin, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    return this.#to(origin).connect(origin, handler, signal);
  }

  #to(origin: Origin): Dialer {
    const own = this.#ownOf(origin);
    if (own === undefined) return this.#ofPool;
    let dialer = this.#own.get(own.key);
    if (dialer === undefined) {
      dialer = this.#made(own);
      if (this.#onShortfall !== undefined) dialer.reportTo(this.#onShortfall);
      this.#own.set(own.key, dialer);
    }
    return dialer;
  }

  /** A transport without an environment has no proxies in it. That ends the connect attempts of these origins. */
  #made({ make }: OwnDialer): Dialer {
    try {
      return make();
    } catch (error) {
      return new RefusingDialer(this.#ofPool.resolver, error);
    }
  }
}

/** Connects to nothing. */
class RefusingDialer implements Dialer {
  readonly resolver: Resolver | undefined;
  readonly #error: unknown;

  constructor(resolver: Resolver | undefined, error: unknown) {
    this.resolver = resolver;
    this.#error = error;
  }

  reportTo(): void {}

  nameTo(): undefined {
    return undefined;
  }

  viaTo(): undefined {
    return undefined;
  }

  connect(): Promise<Socket> {
    return Promise.reject(this.#error);
  }
}
