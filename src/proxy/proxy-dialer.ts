/**
 * Proxy dialer: how a pool with a proxy gets to an origin: through a tunnel, by requests that the proxy forwards, or
 * directly if the proxy does not serve that origin. `dialer-of.ts` loads it.
 */

import { HoldfastError } from "../contract/errors.ts";
import type { Origin } from "../contract/origin.ts";
import { portableText } from "../contract/text.ts";
import type { Socket, SocketHandler, Target, Transport } from "../contract/transport.ts";
import type { ProxySetting } from "../options/proxy.ts";
import type { Settings } from "../options/resolve.ts";
import { type Connector, nameIn } from "../pool/connect/connector.ts";
import type { Dialer, DirectDialer, Via } from "../pool/connect/dialer.ts";
import type { Resolver } from "../pool/connect/resolver.ts";
import { resumeAfterDelivery } from "../pool/connect/resume-after-delivery.ts";
import type { TlsTargets } from "../pool/connect/tls-targets.ts";
import { HttpConnect } from "./http-connect.ts";
import type { Destination, Negotiation } from "./negotiation.ts";
import { environmentProxy, readEnvironment } from "./proxy-environment.ts";
import { proxyError, tooSlow, unreachable } from "./proxy-errors.ts";
import { Socks5 } from "./socks5.ts";
import { openTunnel } from "./tunnel.ts";

/** How one origin is reached through its proxy. */
interface ProxyRoute {
  readonly proxy: ProxySetting;
  readonly via: Via;
  /** The address of the proxy, and the socket options. */
  readonly target: Target;
  /** The origin whose connections are used: the proxy's own if all origins share them. */
  readonly origin: Origin;
}

/** A dialer for settings with a proxy. */
export function proxyDialer(parts: Parts): Dialer {
  return new ProxyDialer(parts, chooserOf(parts));
}

type Choose = (origin: Origin) => ProxySetting | undefined;

function chooserOf({ settings: { proxy }, transport }: Parts): Choose {
  if (proxy === false) return () => undefined;
  if (proxy !== "env") return () => proxy;
  const environment = readEnvironment((name) => transport.env?.(name));
  return (origin) => environmentProxy(environment, origin);
}

/** What a dialer is made of. */
export interface Parts {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly connector: Connector;
  readonly direct: DirectDialer;
  /** Whether origins share connections to a proxy. One with rules of its own does not: they are for its connections. */
  readonly shares: boolean;
}

/** Connects through a proxy to the origins that have one, and directly to the others. */
class ProxyDialer implements Dialer {
  readonly resolver: Resolver | undefined;
  readonly tls: TlsTargets;
  readonly #parts: Parts;
  readonly #choose: Choose;
  readonly #routes: WeakMap<Origin, ProxyRoute | "direct"> = new WeakMap();
  /** By proxy: the route of a forwarding proxy whose connections all origins share. */
  readonly #sharedRoutes: Map<string, ProxyRoute> = new Map();

  constructor(parts: Parts, choose: Choose) {
    this.resolver = parts.connector.resolver;
    this.tls = parts.direct.tls;
    this.#parts = parts;
    this.#choose = choose;
  }

  reportTo(onShortfall: TlsTargets["onShortfall"]): void {
    this.tls.onShortfall = onShortfall;
  }

  readonly pooledAs = (origin: Origin): Origin => this.#routeTo(origin)?.origin ?? origin;

  nameTo(origin: Origin): string | undefined {
    const route = this.#routeTo(origin);
    return route === undefined ? this.#parts.direct.nameTo(origin) : nameIn(route.target);
  }

  viaTo(origin: Origin): Via | undefined {
    return this.#routeTo(origin)?.via;
  }

  connect(origin: Origin, handler: SocketHandler, signal: AbortSignal): Promise<Socket> {
    const route = this.#routeTo(origin);
    if (route === undefined) return this.#parts.direct.connect(origin, handler, signal);
    const refused = route.target.tls === undefined ? undefined : this.tls.refusal(route.target.tls);
    if (refused !== undefined) return Promise.reject(refused);
    return route.via.forwarding === undefined
      ? resumeAfterDelivery(this.#tunnel(route, handler, signal))
      : this.#forward(route, handler, signal);
  }

  #routeTo(origin: Origin): ProxyRoute | undefined {
    let route = this.#routes.get(origin);
    if (route === undefined) {
      const { open, unixPath } = origin.route ?? {};
      const proxy = open === undefined && unixPath === undefined ? this.#choose(origin) : undefined;
      route = proxy === undefined ? "direct" : this.#route(proxy, origin);
      this.#routes.set(origin, route);
    }
    return route === "direct" ? undefined : route;
  }

  #route(proxy: ProxySetting, origin: Origin): ProxyRoute {
    // Who forwards requests reads them as HTTP/1.1, and few pass an upgrade on. In a tunnel the origin speaks what it is known to speak.
    const { http2 } = this.#parts.settings;
    const forwards =
      origin.scheme === "http" &&
      origin.upgrades !== true &&
      proxy.kind !== "socks5" &&
      http2 !== "prior-knowledge";
    if (!forwards) return this.#routeOver(proxy, origin, false);
    if (proxy.pooling === "origin" || !this.#parts.shares) return this.#routeOver(proxy, origin, true);
    let shared = this.#sharedRoutes.get(proxy.shown);
    if (shared === undefined) {
      shared = this.#routeOver(proxy, proxyOrigin(proxy), true);
      this.#sharedRoutes.set(proxy.shown, shared);
      this.#routes.set(shared.origin, shared);
    }
    return shared;
  }

  #routeOver(proxy: ProxySetting, origin: Origin, forwards: boolean): ProxyRoute {
    const { tcpKeepAlive, noDelay } = this.#parts.settings;
    const { hostname, port, tls, authorization, shown } = proxy;
    const via = { proxy: shown, forwarding: forwards ? { authorization } : undefined };
    return {
      proxy,
      via,
      origin,
      target: { hostname, port, tls, tcpKeepAlive, noDelay, halfOpen: origin.upgrades },
    };
  }

  #forward(
    { target, proxy, origin }: ProxyRoute,
    handler: SocketHandler,
    signal: AbortSignal,
  ): Promise<Socket> {
    const opening = this.#parts.connector.connect(target, handler, signal);
    return resumeAfterDelivery(
      opening.then(
        (socket) => {
          socket.pause();
          return socket;
        },
        (error) => {
          const to = { origin: origin.key };
          throw signal.aborted ? tooSlow(proxy, to, signal.reason) : unreachable(proxy, to, error);
        },
      ),
    );
  }

  #tunnel(
    { proxy, target, origin }: ProxyRoute,
    handler: SocketHandler,
    signal: AbortSignal,
  ): Promise<Socket> {
    const { settings, transport, connector, direct } = this.#parts;
    const { key, hostname, port } = origin;
    const to = { origin: key, hostname, port };
    if (origin.scheme === "https" && target.tls !== undefined && transport.can.tlsInTls !== true) {
      const what = `speaks TLS, and the ${transport.name} transport cannot speak TLS inside of that`;
      return Promise.reject(unsupported(proxyError(proxy, to, what).message));
    }
    const tls = direct.tlsTo(origin, signal);
    const hearsFirst = tls === undefined && origin.upgrades !== true && settings.http2 === "prior-knowledge";
    return openTunnel(
      connector,
      { proxy, target, to, tls, hearsFirst, negotiation: this.#negotiation(proxy, to, hearsFirst) },
      handler,
      signal,
    );
  }

  #negotiation(proxy: ProxySetting, to: Destination, hasPriorKnowledge: boolean): Negotiation {
    const { settings, transport } = this.#parts;
    if (proxy.kind === "socks5") return new Socks5(proxy, to);
    const reading = { limits: settings.limits, text: transport.text ?? portableText };
    // Without it the proxy would forward the request, so that a refused tunnel would come as a surprise.
    const purpose = hasPriorKnowledge ? `, which http2: "prior-knowledge" needs` : "";
    return new HttpConnect(proxy, to, reading, purpose);
  }
}

/** Connections that all origins share are counted under this origin. No real origin can have its key. */
function proxyOrigin({ shown, hostname, port }: ProxySetting): Origin {
  const host = `${hostname}:${port}`;
  return { key: `proxy+${shown}`, scheme: "http", hostname, port, host, isProxy: true };
}

function unsupported(message: string): HoldfastError {
  return new HoldfastError({ code: "ERR_UNSUPPORTED", phase: "proxy", retriable: false, message });
}
