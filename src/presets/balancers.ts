/**
 * Load balancers, reverse proxies and platforms by name: how long each keeps an idle connection to the server behind
 * it. `behind()` takes a server's rules from here, and `holdfast explain` prints them.
 */

import { type Duration, toMs } from "../contract/duration.ts";

/** How a load balancer treats an idle connection to its server. */
export interface Balancer {
  /** The product and part of it, for people. */
  readonly system: string;
  /** Its default idle timeout. */
  readonly idleTimeout: Duration;
  /**
   * `"closes"`: it closes idle connections properly, so the server must keep them longer. `"drops"`: it works on TCP
   * and drops idle connections silently, so the server must close them sooner.
   */
  readonly onIdle: "closes" | "drops";
  /** The setting that changes the timeout, if there is one. */
  readonly setting: string;
  /** The document that says so, with the month in which it was read where that is known. */
  readonly source: string;
}

/** A load balancer that `behind()` knows. */
export type BalancerName =
  | "aws-alb"
  | "aws-elb"
  | "aws-nlb"
  | "aws-cloudfront"
  | "gcp-lb"
  | "cloudflare"
  | "azure-lb"
  | "azure-app-gateway"
  | "azure-front-door"
  | "heroku"
  | "fly"
  | "render"
  | "railway"
  | "nginx"
  | "ingress-nginx"
  | "kong"
  | "haproxy"
  | "envoy"
  | "caddy"
  | "traefik";

/** The balancers of each family stand together: clouds, platforms, proxies. */
export const BALANCERS: Readonly<Record<BalancerName, Balancer>> = {
  "aws-alb": {
    system: "AWS Application Load Balancer",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "attribute idle_timeout.timeout_seconds (1 to 4000 s)",
    source: "Elastic Load Balancing, User guide for Application Load Balancers, attributes",
  },
  "aws-elb": {
    system: "AWS Classic Load Balancer",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "idle timeout (1 to 4000 s)",
    source: "Elastic Load Balancing, User guide for Classic Load Balancers, idle connection timeout",
  },
  "aws-nlb": {
    system: "AWS Network Load Balancer",
    idleTimeout: "350s",
    onIdle: "drops", // a later packet is answered with RST
    setting: "attribute tcp.idle_timeout.seconds",
    source: "Elastic Load Balancing, User guide for Network Load Balancers, listener attributes",
  },
  "aws-cloudfront": {
    system: "AWS CloudFront",
    idleTimeout: "5s",
    onIdle: "closes",
    setting: "OriginKeepaliveTimeout (1 to 120 s)",
    source: "Amazon CloudFront API reference, OriginKeepaliveTimeout",
  },
  "gcp-lb": {
    system: "Google Cloud Application Load Balancer",
    idleTimeout: "600s",
    onIdle: "closes",
    setting: "none",
    source: "Cloud Load Balancing, backend services, backend HTTP keepalive timeout",
  },
  cloudflare: {
    system: "Cloudflare",
    idleTimeout: "900s",
    onIdle: "closes",
    setting: "none",
    source: "Cloudflare Fundamentals, connection limits, proxy idle timeout",
  },
  "azure-lb": {
    system: "Azure Load Balancer",
    idleTimeout: "4m",
    onIdle: "drops",
    setting: "TCP idle timeout (4 to 30 min)",
    source: "Azure Load Balancer, TCP reset and idle timeout",
  },
  "azure-app-gateway": {
    system: "Azure Application Gateway",
    idleTimeout: "4m",
    onIdle: "closes",
    setting: "none towards servers",
    source: "Azure Application Gateway, FAQ, keep-alive and TCP idle timeout",
  },
  "azure-front-door": {
    system: "Azure Front Door",
    idleTimeout: "90s",
    onIdle: "closes",
    setting: "none",
    source: "Azure Front Door, FAQ, value of the HTTP keep-alive timeout (read 2026-11)",
  },
  heroku: {
    system: "Heroku's router 2.0",
    idleTimeout: "90s",
    onIdle: "closes",
    setting: "none",
    source: "Heroku Dev Center, HTTP routing, keepalives",
  },
  // The reference has the setting and names no default. An earlier page gave 60 s for all services, and since 2023 TCP
  // connections have no limit of their own (community.fly.io, 15160). Where it is set, `behind()` needs the same value.
  fly: {
    system: "Fly.io's proxy",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "http_options.idle_timeout in fly.toml",
    source:
      "superfly/docs, reference/configuration, http_service.http_options.idle_timeout; 60 s: fly.io/docs/reference/services, Idle Connection Timeouts (read 2026-11)",
  },
  // Render names no timeout of its router. Its own example has a server keep idle connections for 120 s.
  render: {
    system: "Render's router",
    idleTimeout: "120s",
    onIdle: "closes",
    setting: "none",
    source:
      "render-examples/express-hello-world, app.js, server.keepAliveTimeout; Render, Troubleshooting your deploy, 502 (read 2026-11)",
  },
  railway: {
    system: "Railway's edge proxy",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "none",
    source: "Railway, Public networking, Specs & limits, proxy keep-alive timeout (read 2026-11)",
  },
  nginx: {
    system: "nginx as a reverse proxy (1.15.3 and later)",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "keepalive_timeout of an upstream",
    source: "nginx, ngx_http_upstream_module, keepalive_timeout",
  },
  "ingress-nginx": {
    system: "ingress-nginx for Kubernetes",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "upstream-keepalive-timeout in the ConfigMap",
    source:
      "kubernetes/ingress-nginx, internal/ingress/controller/config/config.go, NewDefault, UpstreamKeepaliveTimeout (read 2026-11)",
  },
  kong: {
    system: "Kong Gateway (2.1 and later)",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "upstream_keepalive_idle_timeout",
    source: "Kong, kong_defaults, upstream_keepalive_idle_timeout (read 2026-11)",
  },
  // Each `pool-purge-delay` (5 s) HAProxy closes half of the connections that it does not expect to need: of 4,096 none
  // is left after twelve times.
  haproxy: {
    system: "HAProxy as a reverse proxy (1.9 and later)",
    idleTimeout: "60s",
    onIdle: "closes",
    setting: "pool-purge-delay of a server: half of the surplus is closed each 5 s",
    source: "HAProxy 2.6, Configuration manual, 5.2, pool-purge-delay (read 2026-11)",
  },
  envoy: {
    system: "Envoy and Istio",
    idleTimeout: "1h",
    onIdle: "closes",
    setting: "common_http_protocol_options.idle_timeout of a cluster",
    source: "Envoy, HttpProtocolOptions, idle_timeout",
  },
  caddy: {
    system: "Caddy's reverse_proxy (2.0 and later)",
    idleTimeout: "2m",
    onIdle: "closes",
    setting: "transport http { keepalive }",
    source: "caddy, reverseproxy/httptransport.go, IdleConnTimeout (read 2026-11)",
  },
  traefik: {
    system: "Traefik (2 and 3)",
    idleTimeout: "90s",
    onIdle: "closes",
    setting: "serversTransport.forwardingTimeouts.idleConnTimeout",
    source: "traefik 3, ForwardingTimeouts.SetDefaults, IdleConnTimeout (read 2026-11)",
  },
};

/** Every name that `behind()` knows. */
export const BALANCER_NAMES: readonly BalancerName[] = Object.keys(BALANCERS) as BalancerName[];

/** Distance between the server's timeout and the balancer's. AWS and Heroku recommend 5 s. */
export const BALANCER_DISTANCE_MS = 5000;

/**
 * The idle timeout of a server behind a balancer, in ms: on the right side of the balancer's. It may be too short to be
 * useful.
 */
export function idleMsBehind({ onIdle }: Balancer, theirs: Duration): number {
  const theirMs = toMs(theirs, "idleTimeout");
  return onIdle === "closes" ? theirMs + BALANCER_DISTANCE_MS : theirMs - BALANCER_DISTANCE_MS;
}
