/** Dialer: how a pool gets from an origin to a socket: directly (here), or through a proxy (`src/proxy`). */

import type { Origin } from "../../contract/origin.ts";
import type { Socket, SocketHandler, Target, TlsTarget, Transport } from "../../contract/transport.ts";
import type { Settings } from "../../options/resolve.ts";
import { Connector, nameIn } from "./connector.ts";
import type { Resolver } from "./resolver.ts";
import { connectAfter } from "./resume-after-delivery.ts";
import { TlsTargets } from "./tls-targets.ts";

/** The fields that requests need because a proxy reads and forwards them (RFC 9112 §3.2.2). */
export interface Forwarding {
  /** Value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** The proxy between a pool and an origin. */
export interface Via {
  /** URL of the proxy, without credentials. */
  readonly proxy: string;
  /** Set if the proxy itself reads the requests; `undefined` in a tunnel. */
  readonly forwarding: Forwarding | undefined;
}

/** Opens the connections of one pool. */
export interface Dialer {
  /** Absent if only the transport itself can look up names. */
  readonly resolver: Resolver | undefined;
  /** Whom to tell of each option that the transport cannot honour. Answers with the error to fail with, if any. */
  reportTo(onShortfall: TlsTargets["onShortfall"]): void;
  /** The origin whose connections carry the requests of `origin`: another one if origins share the connections to a proxy. */
  readonly pooledAs?: ((origin: Origin) => Origin) | undefined;
  /** The name that is looked up to connect to an origin, if any. */
  nameTo(origin: Origin): string | undefined;
  viaTo(origin: Origin): Via | undefined;
  /** See {@linkcode Transport.connect}. May also reject with a {@linkcode HoldfastError}. */
  connect(origin: Origin, handler: SocketHandler, signal: AbortSignal): Promise<Socket>;
}

/** Connects to origins without a proxy. */
export class DirectDialer implements Dialer {
  readonly resolver: Resolver | undefined;
  readonly #settings: Settings;
  readonly #connector: Connector;
  readonly tls: TlsTargets;

  constructor(
    settings: Settings,
    transport: Transport,
    connector: Connector = new Connector(settings, transport),
  ) {
    this.resolver = connector.resolver;
    this.#settings = settings;
    this.#connector = connector;
    this.tls = new TlsTargets(settings.tls, transport.can, {
      mode: settings.http2,
      chosen: settings.chosen.has("http2"),
    });
  }

  reportTo(onShortfall: TlsTargets["onShortfall"]): void {
    this.tls.onShortfall = onShortfall;
  }

  nameTo(origin: Origin): string | undefined {
    if (origin.route?.open !== undefined) return undefined;
    return nameIn({ ...origin, unixPath: origin.route?.unixPath ?? this.#settings.unixPath });
  }

  viaTo(): undefined {
    return undefined;
  }

  connect(origin: Origin, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const { tcpKeepAlive, noDelay, rules } = this.#settings;
    const { spread } = rules;
    const { hostname, port, route } = origin;
    if (route?.open !== undefined) return route.open(handler, signal);
    const unixPath = route?.unixPath ?? this.#settings.unixPath;
    const asked = this.tlsTo(origin, signal);
    const [tls, known] = asked instanceof Promise ? [undefined, asked] : [asked, undefined];
    const target: Target = {
      hostname,
      port,
      unixPath,
      tls,
      tcpKeepAlive,
      noDelay,
      halfOpen: origin.upgrades,
    };
    if (known === undefined) return this.#connector.connect(target, handler, signal, spread);
    return connectAfter(known, (later) =>
      this.#connector.connect({ ...target, tls: later }, handler, signal, spread),
    );
  }

  /** How to speak TLS to an `https` origin, directly or in a tunnel. */
  tlsTo(origin: Origin, signal: AbortSignal): TlsTarget | Promise<TlsTarget> | undefined {
    return origin.scheme === "https" ? this.tls.of(origin, signal) : undefined;
  }
}
