/**
 * Announce: what a server says about keep-alive with one response. The server-side rules of `src/hono` decide
 * whether the connection ends; an announcer only words it, in the way of the system that it reproduces.
 */

import type { Duration } from "../contract/duration.ts";
import type { ConnectionOptions } from "./hints.ts";
import type { PRESET, PresetInfo } from "./preset.ts";

/** What an announcer may look at, when a response is about to be sent. */
export interface AnnouncedFacts {
  /** Whether this is the last response on the connection. */
  readonly last: boolean;
  /** Idle time after which the server closes, in ms; `Infinity` for never. */
  readonly idleTimeoutMs: number;
  /** Requests the server still takes after this one; `Infinity` without a limit. */
  readonly remaining: number;
  /** Requests a connection may carry in all; `Infinity` without a limit. */
  readonly maxRequests: number;
  /** The request's HTTP/1 minor version. */
  readonly minorVersion: number;
  /** The request's `Connection` options. */
  readonly asked: ConnectionOptions;
}

/** Header fields to add; a field that is `undefined` is not sent. */
export interface Announcement {
  readonly connection?: "close" | "keep-alive" | undefined;
  /** Value of `Keep-Alive`, as in `timeout=5, max=99`. */
  readonly keepAlive?: string | undefined;
}

/** Words what a server says of keep-alive. */
export type Announcer = (facts: AnnouncedFacts) => Announcement;

/**
 * Key under which a server preset carries its announcer. A symbol, so that a preset can be spread into the options
 * of a client pool, to which it means nothing.
 */
export const ANNOUNCER: unique symbol = Symbol.for("holdfast.announcer");

/** What a server preset is made of: limits in the words of the pool's options, and how they are announced. */
export interface ServerPreset {
  readonly idleTimeout: Duration;
  readonly maxRequests: number;
  readonly maxLifetime: Duration;
  readonly lifetimeJitter?: number;
  /** Longest silence within one exchange (Envoy's `stream_idle_timeout`); a rule for pools, not for `keepAlive()`. */
  readonly bodyIdleTimeout?: Duration;
  readonly [ANNOUNCER]: Announcer;
  /** The system it is made after. */
  readonly [PRESET]?: PresetInfo;
}
