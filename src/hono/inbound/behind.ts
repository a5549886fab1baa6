/**
 * Behind: rules for standing behind a load balancer whose idle timeout is known. One that reuses connections to its
 * servers must be the side that gives an idle one up: if the server does, a request may cross its FIN, and the
 * balancer answers 502 (Node's own 5 s against 60 s of an AWS balancer is the classic case).
 */

import { type Duration, toMs } from "../../contract/duration.ts";
import { oneOf } from "../../options/checks.ts";
import type { KeepAliveRules } from "./server-rules.ts";

/** What a load balancer does with an idle connection to its server. */
interface Balancer {
  /** Its idle timeout as shipped. */
  readonly idleTimeout: Duration;
  /**
   * `"reuses"`: it closes properly, and must do so first. `"forgets"`: it works on TCP and drops the connection without
   * a word, so the server must close before.
   */
  readonly habit: "reuses" | "forgets";
}

/** Load balancers that {@linkcode behind} knows. */
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

/** Each with where its number stands. */
const BALANCERS: Readonly<Record<BalancerName, Balancer>> = {
  /** Application Load Balancer, attribute `idle_timeout.timeout_seconds` (1 to 4000). */
  "aws-alb": { idleTimeout: "60s", habit: "reuses" },
  /** Classic Load Balancer, "Configure the idle connection timeout": keep-alive of the instance must be greater. */
  "aws-elb": { idleTimeout: "60s", habit: "reuses" },
  /** Network Load Balancer, attribute `tcp.idle_timeout.seconds`: afterwards packets are answered by RST. */
  "aws-nlb": { idleTimeout: "350s", habit: "forgets" },
  /** CloudFront, `OriginKeepaliveTimeout` (1 to 120 s). */
  "aws-cloudfront": { idleTimeout: "5s", habit: "reuses" },
  /** Google Cloud Application Load Balancers, "backend HTTP keepalive timeout": fixed. */
  "gcp-lb": { idleTimeout: "600s", habit: "reuses" },
  /** Cloudflare, "Connection limits": proxy idle timeout, fixed. */
  cloudflare: { idleTimeout: "900s", habit: "reuses" },
  /** Azure Load Balancer, "TCP idle timeout": 4 minutes, up to 30. */
  "azure-lb": { idleTimeout: "4m", habit: "forgets" },
  /** Azure Application Gateway: stands on the same 4 minutes of TCP. */
  "azure-app-gateway": { idleTimeout: "4m", habit: "reuses" },
  /** Heroku's router 2.0, "HTTP routing: keepalives". */
  heroku: { idleTimeout: "90s", habit: "reuses" },
  /** nginx, `keepalive_timeout` of an `upstream` (1.15.3). */
  nginx: { idleTimeout: "60s", habit: "reuses" },
  /** Envoy and Istio, `common_http_protocol_options.idle_timeout` of a cluster. */
  envoy: { idleTimeout: "1h", habit: "reuses" },
  /** Caddy's `reverse_proxy`, `transport http { keepalive }`. */
  caddy: { idleTimeout: "2m", habit: "reuses" },
  /** Traefik, `serversTransport.forwardingTimeouts.idleConnTimeout`. */
  traefik: { idleTimeout: "90s", habit: "reuses" },
};

/** Names that {@linkcode behind} knows. */
export const BALANCER_NAMES: readonly BalancerName[] = Object.keys(BALANCERS) as BalancerName[];

/** What differs from the balancer as shipped. */
export interface BehindOptions {
  /** Its idle timeout, where it was changed. @default that of the balancer as shipped */
  readonly idleTimeout?: Duration;
}

/** How far the server's timeout keeps from the balancer's: AWS and Heroku recommend 5 s. */
const DISTANCE_MS = 5000;

/**
 * Rules for standing behind a load balancer: an idle timeout on the right side of its own, and no other limit, so that
 * it alone decides which connections to keep.
 *
 * @throws {TypeError | RangeError} for an unknown name, or an idle timeout that leaves no room.
 *
 * @example
 * ```ts
 * app.use(keepAlive(behind("aws-alb")));
 * app.use(keepAlive(behind("aws-alb", { idleTimeout: "300s" })));
 * ```
 */
export function behind(balancer: BalancerName, options: BehindOptions = {}): KeepAliveRules {
  const name = oneOf<BalancerName>(balancer, "behind()", BALANCER_NAMES);
  const { idleTimeout, habit } = BALANCERS[name];
  const theirs = toMs(options.idleTimeout ?? idleTimeout, "idleTimeout");
  const ours = habit === "reuses" ? theirs + DISTANCE_MS : theirs - DISTANCE_MS;
  if (ours < DISTANCE_MS) {
    throw new RangeError(
      `idleTimeout must be at least "10s" behind ${name}, which forgets silent connections: current value is ${options.idleTimeout}`,
    );
  }
  return { idleTimeout: ours, maxRequests: Infinity, maxLifetime: Infinity, lifetimeJitter: 0 };
}
