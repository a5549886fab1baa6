/**
 * `behind()`: rules for a server behind a load balancer whose idle timeout is known. A balancer that reuses connections
 * must be the side that closes an idle one. If the server closes first, a request may cross its FIN, and the balancer
 * answers 502. The classic case is Node's 5 s against the 60 s of an AWS balancer.
 */

import type { Duration } from "../contract/duration.ts";
import { oneOf } from "../options/checks.ts";
import {
  BALANCER_DISTANCE_MS,
  BALANCER_NAMES,
  BALANCERS,
  type BalancerName,
  idleMsBehind,
} from "../presets/balancers.ts";
import type { KeepAliveRules } from "./keep-alive-rules.ts";

/** Settings of the balancer that were changed. */
export interface BehindOptions {
  /** Its idle timeout. @default the balancer's own default */
  readonly idleTimeout?: Duration;
}

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
  const ours = idleMsBehind(BALANCERS[name], options.idleTimeout ?? BALANCERS[name].idleTimeout);
  if (ours < BALANCER_DISTANCE_MS) {
    throw new RangeError(
      `idleTimeout must be at least "10s" behind ${name}, which drops idle connections silently: current value is ${options.idleTimeout}`,
    );
  }
  return { idleTimeout: ours, maxRequests: Infinity, maxLifetime: Infinity, lifetimeJitter: 0 };
}
