/**
 * Serve: the server's side of the rule book. The verdict that tells a client when to give a connection up tells a
 * server which response to send last, and what it may promise with the others.
 */

import type { RetireReason } from "../contract/reasons.ts";
import type { Announcement, Announcer } from "./announce.ts";
import { NO_HINTS, type Rules } from "./rules.ts";
import { verdict } from "./verdict.ts";

/** What is known of an inbound connection. */
export interface InboundFacts {
  readonly openedAt: number;
  /** When its lifetime, jitter taken off, is over. */
  readonly expiresAt: number;
  /** Requests it has brought, the one being answered included. */
  readonly requests: number;
}

/** Why the response that is sent at `now` is the last one on its connection, or `undefined` if it is not. */
export function lastResponseReason(facts: InboundFacts, rules: Rules, now: number): RetireReason | undefined {
  const idle = { ...facts, idleSince: now, hints: NO_HINTS, roundTripMs: 0 };
  const answer = verdict(idle, rules, now);
  return answer.keep ? undefined : answer.reason;
}

/** Requests the connection may still bring. */
export function requestsLeft(requests: number, rules: Rules): number {
  return Math.max(0, rules.maxRequests - requests);
}

/** The real timeout lies at least this far above the announced one, as in Node (`keepAliveTimeoutBuffer`). */
const GRACE_MS = 1000;

/** The shortest idle timeout below which a whole second can be announced. */
export const LEAST_ANNOUNCED_MS: number = 2 * GRACE_MS;

/**
 * Words it as httpd does, `timeout` in whole seconds and `max` for what is left, but with a timeout that lies below
 * the real one. `Connection: keep-alive` goes with it, because a field of the connection must be named in
 * `Connection` (RFC 9110 §7.6.1).
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
 * The same words, with a true timeout where none is named: for a server that would name one of its own. A second below
 * the real one, as far as whole seconds go; {@linkcode realIdleMs} sees to the rest.
 */
export function nameTimeout(worded: Announcement, idleTimeoutMs: number): Announcement {
  const { connection, keepAlive } = worded;
  if (connection !== "keep-alive" || keepAlive !== undefined || idleTimeoutMs === Infinity) return worded;
  return { connection, keepAlive: `timeout=${Math.max(1, announcedSeconds(idleTimeoutMs))}` };
}

/** The whole seconds that lie far enough below what is kept. */
function announcedSeconds(idleTimeoutMs: number): number {
  return Math.floor((idleTimeoutMs - GRACE_MS) / 1000);
}

/**
 * How long the server really waits, in ms: its own timeout, or more where it announced as much or more. Tomcat and
 * httpd announce exactly their timeout, so that their clients race; a promise made here is kept with a second's grace.
 */
export function realIdleMs(idleTimeoutMs: number, announcedMs: number | undefined): number {
  return announcedMs === undefined ? idleTimeoutMs : Math.max(idleTimeoutMs, announcedMs + GRACE_MS);
}
