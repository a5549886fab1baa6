/** Server rules: what `keepAlive()` accepts, and what it makes of it. Refuses what is unknown, wrong or impossible. */

import type { Duration } from "../../contract/duration.ts";
import { objectWith, refuseUnknown } from "../../options/checks.ts";
import { resolveOptions } from "../../options/settings.ts";
import { ANNOUNCER, type Announcer, type ServerPreset } from "../../rules/announce.ts";
import type { Rules } from "../../rules/rules.ts";
import { announceRemaining, LEAST_ANNOUNCED_MS } from "../../rules/serve.ts";

/** When an inbound connection ends. "Off" is `Infinity`. A rule never cuts a running exchange. */
export interface KeepAliveRules {
  /**
   * How long a connection without a request is kept; `0`: no longer than one response. What is announced is at
   * least one second less. Above the 60 s after which AWS load balancers and nginx give up, so that they do it first.
   *
   * @default "75s"
   */
  readonly idleTimeout?: Duration;
  /** Requests on one connection; the last response says `Connection: close`. @default Infinity */
  readonly maxRequests?: number;
  /** Age of a connection from which on the next response is its last. @default "1h" */
  readonly maxLifetime?: Duration;
  /** Largest share of `maxLifetime` taken off at random per connection, from 0 to 1. @default 0.1 */
  readonly lifetimeJitter?: number;
  /** How a server preset words its announcements. Default: `Keep-Alive: timeout=…, max=…` with what is left. */
  readonly [ANNOUNCER]?: Announcer;
}

/** Defaults of {@linkcode KeepAliveRules}. */
export const SERVER_DEFAULTS: Required<Omit<KeepAliveRules, typeof ANNOUNCER>> = {
  idleTimeout: "75s",
  maxRequests: Infinity,
  maxLifetime: "1h",
  lifetimeJitter: 0.1,
};

/** What a preset may bring along for pools alone: Envoy's stream idle timeout is about exchanges, not connections. */
const FOR_POOLS = { bodyIdleTimeout: 0 };

/** Resolved: the same rules that a client pool has, and an announcer. */
export interface ServerRules {
  readonly rules: Rules;
  readonly announce: Announcer;
}

/**
 * What `given` means.
 *
 * @throws {TypeError | RangeError} for an unknown, wrong or impossible rule; it names the rule and the value.
 */
export function serverRules(given: KeepAliveRules | ServerPreset): ServerRules {
  objectWith(given, "rules", []);
  const announce = given[ANNOUNCER];
  const known = announce === undefined ? SERVER_DEFAULTS : { ...SERVER_DEFAULTS, ...FOR_POOLS };
  refuseUnknown(given, known, "keepAlive rule");
  const chosen = Object.entries(given).filter(([name, value]) => value !== undefined && !(name in FOR_POOLS));
  const { rules } = resolveOptions({ ...SERVER_DEFAULTS, ...Object.fromEntries(chosen) });
  if (announce !== undefined) return { rules, announce };
  if (rules.idleTimeoutMs > 0 && rules.idleTimeoutMs < LEAST_ANNOUNCED_MS) {
    throw new RangeError(
      `idleTimeout must be 0 or at least "2s", so that a whole second below it can be announced: current value is ${given.idleTimeout}`,
    );
  }
  return { rules, announce: announceRemaining };
}
