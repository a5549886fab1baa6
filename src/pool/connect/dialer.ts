/** Dialer: how a pool gets from an origin to a socket: directly (here), or through a proxy (`src/proxy`). */

import type { Origin } from "../../contract/origin.ts";
import type { Socket, SocketHandler, Target, Transport } from "../../contract/transport.ts";
import type { Settings } from "../../options/resolve.ts";
import { Connector, nameIn } from "./connector.ts";
import type { Resolver } from "./resolver.ts";

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
  readonly #targets: WeakMap<Origin, Target> = new WeakMap();

  constructor(
    settings: Settings,
    transport: Transport,
    connector: Connector = new Connector(settings, transport),
  ) {
    this.resolver = connector.resolver;
    this.#settings = settings;
    this.#connector = connector;
  }

  nameTo(origin: Origin): string | undefined {
    return nameIn(this.#target(origin));
  }

  viaTo(): undefined {
    return undefined;
  }

  connect(origin: Origin, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    return this.#connector.connect(this.#target(origin), handler, signal);
  }

  /** The same object each time: a transport caches its TLS context by the `tls` object in it. */
  #target(origin: Origin): Target {
    let target = this.#targets.get(origin);
    if (target === undefined) {
      target = targetOf(origin, this.#settings);
      this.#targets.set(origin, target);
    }
    return target;
  }
}

/** The address and the socket options of an origin. */
export function targetOf(origin: Origin, settings: Settings): Target {
  const { tls, unixPath } = settings;
  return {
    hostname: origin.hostname,
    port: origin.port,
    unixPath,
    tcpKeepAlive: settings.tcpKeepAlive,
    noDelay: settings.noDelay,
    tls:
      origin.scheme === "http"
        ? undefined
        : {
            serverName: tls.serverName ?? origin.hostname.replace(/\.$/, ""),
            ca: typeof tls.ca === "string" ? [tls.ca] : tls.ca,
            cert: tls.cert,
            key: tls.key,
            verify: tls.rejectUnauthorized ?? true,
            alpn: ["http/1.1"],
          },
  };
}
