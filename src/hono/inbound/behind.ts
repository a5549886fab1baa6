/**
 * `behind()`: rules for a server behind a load balancer whose idle timeout is known. A balancer that reuses connections
 * must be the side that closes an idle one. If the server closes first, a request may cross its FIN, and the balancer
 * answers 502. The classic case is Node's 5 s against the 60 s of an AWS balancer.
 */

import { type Duration, toMs } from "../../contract/duration.ts";
import { oneOf } from "../../options/checks.ts";
import type { KeepAliveRules } from "./keep-alive-rules.ts";

/** How a load balancer treats an idle connection to its server. */
interface Balancer {
  /** Its default idle timeout. */
  readonly idleTimeout: Duration;
  /**
   * `"closes"`: it closes idle connections properly, so the server must keep them longer. `"drops"`: it works on TCP
   * and drops idle connections silently, so the server must close them sooner.
   */
  readonly onIdle: "closes" | "drops";
}

/** A load balancer that {@linkcode behind} knows. */
export type BalancerName =
  | "aws-alb"
  | "aws-elb"
  | "aws-nlb"
  | "aws-cloudfront"
  | "gcp-lb"
  | "cloudflare"
  | "azure-lb"
  | "azure-app-gateway"
  | "heroku"
  | "nginx"
  | "envoy"
  | "caddy"
  | "traefik";

/** The comment of each names the setting and its documentation. */
const BALANCERS: Readonly<Record<BalancerName, Balancer>> = {
  /** Application Load Balancer, attribute `idle_timeout.timeout_seconds` (1 to 4000). */
  "aws-alb": { idleTimeout: "60s", onIdle: "closes" },
  /** Classic Load Balancer, "Configure the idle connection timeout": keep-alive of the instance must be greater. */
  "aws-elb": { idleTimeout: "60s", onIdle: "closes" },
  /** Network Load Balancer, attribute `tcp.idle_timeout.seconds`. Later packets are answered with RST. */
  "aws-nlb": { idleTimeout: "350s", onIdle: "drops" },
  /** CloudFront, `OriginKeepaliveTimeout` (1 to 120 s). */
  "aws-cloudfront": { idleTimeout: "5s", onIdle: "closes" },
  /** Google Cloud Application Load Balancers, "backend HTTP keepalive timeout"; fixed. */
  "gcp-lb": { idleTimeout: "600s", onIdle: "closes" },
  /** Cloudflare, "Connection limits", proxy idle timeout; fixed. */
  cloudflare: { idleTimeout: "900s", onIdle: "closes" },
  /** Azure Load Balancer, "TCP idle timeout" (4 to 30 min). */
  "azure-lb": { idleTimeout: "4m", onIdle: "drops" },
  /** Azure Application Gateway. Its backend connections use the 4 minutes of Azure's TCP idle timeout. */
  "azure-app-gateway": { idleTimeout: "4m", onIdle: "closes" },
  /** Heroku's router 2.0, "HTTP routing: keepalives". */
  heroku: { idleTimeout: "90s", onIdle: "closes" },
  /** nginx, `keepalive_timeout` of an `upstream` (1.15.3 and later). */
  nginx: { idleTimeout: "60s", onIdle: "closes" },
  /** Envoy and Istio, `common_http_protocol_options.idle_timeout` of a cluster. */
  envoy: { idleTimeout: "1h", onIdle: "closes" },
  /** Caddy's `reverse_proxy`, `transport http { keepalive }`. */
  caddy: { idleTimeout: "2m", onIdle: "closes" },
  /** Traefik, `serversTransport.forwardingTimeouts.idleConnTimeout`. */
  traefik: { idleTimeout: "90s", onIdle: "closes" },
};

/** Every name that {@linkcode behind} knows. */
export const BALANCER_NAMES: readonly BalancerName[] = Object.keys(BALANCERS) as BalancerName[];

/** Settings of the balancer that were changed. */
export interface BehindOptions {
  /** Its idle timeout. @default the balancer's own default */
  readonly idleTimeout?: Duration;
}

/** Distance between the server's timeout and the balancer's. AWS and Heroku recommend 5 s. */
const DISTANCE_MS = 5000;

/**
 * Rules for a server behind a load balancer: an idle timeout on the right side of the balancer's, and no other limit.
 * So the balancer alone decides which connections to keep.
 *
 * @throws {TypeError | RangeError} for an unknown name, or for an idle timeout that is too short.
 *
 * @example
 * ```ts
 * app.use(keepAlive(behind("aws-alb")));
 * app.use(keepAlive(behind("aws-alb", { idleTimeout: "300s" })));
 * ```
 */
export function behind(balancer: BalancerName, options: BehindOptions = {}): KeepAliveRules {
  const name = oneOf<BalancerName>(balancer, "behind()", BALANCER_NAMES);
  const { idleTimeout, onIdle } = BALANCERS[name];
  const theirs = toMs(options.idleTimeout ?? idleTimeout, "idleTimeout");
  const ours = onIdle === "closes" ? theirs + DISTANCE_MS : theirs - DISTANCE_MS;
  if (ours < DISTANCE_MS) {
    throw new RangeError(
      `idleTimeout must be at least "10s" behind ${name}, which drops idle connections silently: current value is ${options.idleTimeout}`,
    );
  }
  return { idleTimeout: ours, maxRequests: Infinity, maxLifetime: Infinity, lifetimeJitter: 0 };
}
