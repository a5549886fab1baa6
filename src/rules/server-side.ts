/**
 * The server's side of the rule book. The verdict that tells a client when to stop using a connection also tells a
 * server which response is the last on a connection, and what the server may announce with the other responses.
 *
 * `src/hono` applies these rules to inbound connections. An {@linkcode Announcer} only chooses the words.
 */

import type { Duration } from "../contract/duration.ts";
import type { RetireReason } from "../contract/reasons.ts";
import type { ConnectionOptions } from "./persistence.ts";
import type { PRESET, PresetInfo } from "./preset-info.ts";
import { NO_HINTS, type Rules } from "./rules.ts";
import { verdict } from "./verdict.ts";

/** What an announcer may look at, just before a response is sent. */
export interface AnnouncedFacts {
  /** Whether this is the last response on the connection. */
  readonly last: boolean;
  /** Idle time after which the server closes, in ms. `Infinity`: never. */
  readonly idleTimeoutMs: number;
  /** Requests the server still accepts after this one. `Infinity`: no limit. */
  readonly remaining: number;
  /** Requests a connection may carry in total. `Infinity`: no limit. */
  readonly maxRequests: number;
  /** The request's HTTP/1 minor version. */
  readonly minorVersion: number;
  /** The options in the request's `Connection` header. */
  readonly asked: ConnectionOptions;
}

/** Header fields to add to a response. A field that is `undefined` is not sent. */
export interface Announcement {
  /** Value of `Connection`. */
  readonly connection?: "close" | "keep-alive" | undefined;
  /** Value of `Keep-Alive`, for example `timeout=5, max=99`. */
  readonly keepAlive?: string | undefined;
}

/** Chooses the header fields by which a server announces its keep-alive limits. */
export type Announcer = (facts: AnnouncedFacts) => Announcement;

/**
 * Key under which a server preset carries its announcer. It is a symbol so that the same preset can be spread into the
 * options of a client pool, which ignores it.
 */
export const ANNOUNCER: unique symbol = Symbol.for("holdfast.announcer");

/** A server preset: limits named like the pool's options, and the way that server announces them. */
export interface ServerPreset {
  /** Idle time after which the server closes. `Infinity`: never. */
  readonly idleTimeout: Duration;
  /** Requests that a connection may carry. `Infinity`: any number. */
  readonly maxRequests: number;
  /** Age above which a response is the last. `Infinity`: none. */
  readonly maxLifetime: Duration;
  /** Largest share by which a lifetime is shortened at random, from 0 to 1. */
  readonly lifetimeJitter?: number;
  /** Longest silence within one exchange (Envoy's `stream_idle_timeout`). A rule for pools; `keepAlive()` ignores it. */
  readonly bodyIdleTimeout?: Duration;
  /** Streams at a time that it announces over HTTP/2. A rule for pools; `keepAlive()` ignores it. */
  readonly maxStreams?: number;
  /** How the server announces its limits. */
  readonly [ANNOUNCER]: Announcer;
  /** The system that the preset reproduces. */
  readonly [PRESET]?: PresetInfo;
}

/** Facts about an inbound connection. */
export interface InboundFacts {
  readonly openedAt: number;
  /** When its lifetime ends, jitter already subtracted. */
  readonly expiresAt: number;
  /** Requests received on it, the one being answered included. */
  readonly requests: number;
}

/** Why the response sent at `now` is the last one on its connection, or `undefined` if it is not. */
export function lastResponseReason(facts: InboundFacts, rules: Rules, now: number): RetireReason | undefined {
  const idle = { ...facts, idleSince: now, hints: NO_HINTS, roundTripMs: 0 };
  const answer = verdict(idle, rules, now);
  return answer.keep ? undefined : answer.reason;
}

/** Requests that the connection may still bring. */
export function requestsLeft(requests: number, rules: Rules): number {
  return Math.max(0, rules.maxRequests - requests);
}

/** The real timeout is at least this much longer than the announced one, as with Node's `keepAliveTimeoutBuffer`. */
const GRACE_MS = 1000;

/** The shortest idle timeout that leaves a whole second to announce. */
export const LEAST_ANNOUNCED_MS: number = 2 * GRACE_MS;

/**
 * Holdfast's own announcement. The form is httpd's: `timeout` in whole seconds, and `max` for the requests left. Unlike
 * httpd's, the announced timeout is shorter than the real one.
 *
 * `Connection: keep-alive` is sent too, because a hop-by-hop field must be named in `Connection` (RFC 9110 §7.6.1).
 */
export const announceRemaining: Announcer = ({ last, idleTimeoutMs, remaining }): Announcement => {
  if (last) return { connection: "close" };
  const parts: string[] = [];
  if (idleTimeoutMs >= LEAST_ANNOUNCED_MS && idleTimeoutMs !== Infinity)
    parts.push(`timeout=${announcedSeconds(idleTimeoutMs)}`);
  if (remaining !== Infinity) parts.push(`max=${remaining}`);
  return { connection: "keep-alive", keepAlive: parts.length === 0 ? undefined : parts.join(", ") };
};

/**
 * Adds a true timeout to an announcement that names none, for servers that would otherwise add a timeout of their own.
 * It is one second below the real timeout where whole seconds allow that; {@linkcode realIdleMs} covers the rest.
 */
export function nameTimeout(announcement: Announcement, idleTimeoutMs: number): Announcement {
  const { connection, keepAlive } = announcement;
  if (connection !== "keep-alive" || keepAlive !== undefined || idleTimeoutMs === Infinity)
    return announcement;
  return { connection, keepAlive: `timeout=${Math.max(1, announcedSeconds(idleTimeoutMs))}` };
}

function announcedSeconds(idleTimeoutMs: number): number {
  return Math.floor((idleTimeoutMs - GRACE_MS) / 1000);
}

/**
 * How long the server really waits, in ms. It is the server's own timeout, or longer if the announcement promised as
 * much or more: Tomcat and httpd announce exactly their timeout, so a client that believes them races the close. Here
 * every announced timeout is honoured with one second of grace.
 */
export function realIdleMs(idleTimeoutMs: number, announcedMs: number | undefined): number {
  return announcedMs === undefined ? idleTimeoutMs : Math.max(idleTimeoutMs, announcedMs + GRACE_MS);
}
