/** The rules that `keepAlive()` accepts, and how they are checked and resolved. */

import type { Duration } from "../contract/duration.ts";
import { objectWith, refuseUnknown } from "../options/checks.ts";
import { resolveOptions } from "../options/resolve.ts";
import type { Rules } from "../rules/rules.ts";
import {
  ANNOUNCER,
  type Announcer,
  announceRemaining,
  LEAST_ANNOUNCED_MS,
  type ServerPreset,
} from "../rules/server-side.ts";

/** When inbound connections end. "Off" is `Infinity`. A rule never cuts a running exchange. */
export interface KeepAliveRules {
  /**
   * How long a connection without a request is kept. `0` closes it after one response. Clients are told at least one
   * second less. The default is above the 60 s of AWS load balancers and nginx, so that they close first.
   *
   * @default "75s"
   */
  readonly idleTimeout?: Duration;
  /** Requests on one connection; the last response says `Connection: close`. @default Infinity */
  readonly maxRequests?: number;
  /** Age of a connection after which its next response is the last. @default "1h" */
  readonly maxLifetime?: Duration;
  /** Largest share of `maxLifetime` taken off at random per connection, from 0 to 1. @default 0.1 */
  readonly lifetimeJitter?: number;
  /** How a server preset words its announcements. @default `Keep-Alive: timeout=…, max=…`, with the requests left */
  readonly [ANNOUNCER]?: Announcer;
}

/** Defaults of {@linkcode KeepAliveRules}. */
export const KEEP_ALIVE_DEFAULTS: Required<Omit<KeepAliveRules, typeof ANNOUNCER>> = {
  idleTimeout: "75s",
  maxRequests: Infinity,
  maxLifetime: "1h",
  lifetimeJitter: 0.1,
};

/**
 * Options of server presets that only pools use. Envoy's stream idle timeout limits exchanges, not connections, and how
 * many streams run at a time is announced by the server itself.
 */
const POOL_ONLY = { bodyIdleTimeout: 0, maxStreams: 0 };

/** Resolved rules: those that a client pool has too, and an announcer. */
export interface KeepAlivePolicy {
  readonly rules: Rules;
  readonly announce: Announcer;
}

/**
 * Checks rules and fills in the defaults.
 *
 * @throws {TypeError | RangeError} for an unknown, wrong or impossible rule; it names the rule and the value.
 */
export function resolveKeepAlive(given: KeepAliveRules | ServerPreset): KeepAlivePolicy {
  objectWith(given, "rules", []);
  const announce = given[ANNOUNCER];
  const known = announce === undefined ? KEEP_ALIVE_DEFAULTS : { ...KEEP_ALIVE_DEFAULTS, ...POOL_ONLY };
  refuseUnknown(given, known, "keepAlive rule");
  const chosen = Object.entries(given).filter(([name, value]) => value !== undefined && !(name in POOL_ONLY));
  const { rules } = resolveOptions({ ...KEEP_ALIVE_DEFAULTS, ...Object.fromEntries(chosen) });
  if (announce !== undefined) return { rules, announce };
  if (rules.idleTimeoutMs > 0 && rules.idleTimeoutMs < LEAST_ANNOUNCED_MS) {
    throw new RangeError(
      `idleTimeout must be 0 or at least "2s", so that a whole second below it can be announced: current value is ${given.idleTimeout}`,
    );
  }
  return { rules, announce: announceRemaining };
}
