/** Idle comparison: how long a client and a server keep an idle connection, and which of the two closes it first. */

import type { PoolOptions } from "../options/options.ts";
import { resolveOptions, type Settings } from "../options/resolve.ts";
import { type HintSource, parseKeepAlive } from "../rules/hints.ts";
import { type FailedAttempt, resendReason } from "../rules/retry.ts";
import { NO_HINTS, type ServerHints } from "../rules/rules.ts";
import { ANNOUNCER, type Announcement, type ServerPreset } from "../rules/server-side.ts";
import { keepUntil } from "../rules/verdict.ts";

/**
 * Which side closes an idle connection first:
 *
 * - `"client"`: no request meets a closed connection.
 * - `"race"`: both close at about the same time, so a request may cross the close on its way.
 * - `"server"`: the client has to notice the close.
 * - `"neither"`: both keep idle connections without a limit.
 */
export type FirstToClose = "client" | "race" | "server" | "neither";

/** What happens to an idle connection between a client and a server. */
export interface IdleComparison {
  readonly first: FirstToClose;
  /** How long the client keeps an idle connection, in ms. 0: it uses no connection twice. */
  readonly clientMs: number;
  /** How long the server keeps it, in ms. */
  readonly serverMs: number;
  /** What the server announces with a response. */
  readonly announced: Announcement;
}

/** Times that differ by less than this are a race: a part of the difference is spent on the way between the two. */
const RACE_MS = 1000;

/** Compares the two sides after one response. */
export function compareIdleTimes(client: PoolOptions, server: ServerPreset): IdleComparison {
  const announced = announcementOf(server);
  const clientMs = idleMsAfter(client, announced.keepAlive, announced.connection);
  const serverMs = resolveOptions(server).rules.idleTimeoutMs;
  return { first: firstOf(clientMs, serverMs), clientMs, serverMs, announced };
}

function firstOf(clientMs: number, serverMs: number): FirstToClose {
  if (clientMs === Infinity && serverMs === Infinity) return "neither";
  if (Math.abs(serverMs - clientMs) < RACE_MS && clientMs > 0) return "race";
  return clientMs < serverMs ? "client" : "server";
}

/** What a server announces with its first response to an HTTP/1.1 client that asks for keep-alive, as Holdfast does. */
export function announcementOf(server: ServerPreset): Announcement {
  const { idleTimeoutMs, maxRequests } = resolveOptions(server).rules;
  const asked = { close: false, keepAlive: true };
  const remaining = maxRequests - 1;
  return server[ANNOUNCER]({
    last: remaining === 0,
    idleTimeoutMs,
    maxRequests,
    remaining,
    minorVersion: 1,
    asked,
  });
}

/** How long a client keeps an idle connection after a response with these fields, in ms. */
export function idleMsAfter(client: PoolOptions, keepAlive?: string, connection = "keep-alive"): number {
  const settings = resolveOptions(client);
  const lines = (name: string) => (name === "connection" ? [connection] : []);
  const source = { keepAlive, connection, minorVersion: 1, proxied: false, requests: 1, lines };
  const hints = hintsOf(settings, source);
  if (connection === "close" || hints.remaining === 0) return 0;
  const facts = { openedAt: 0, expiresAt: Infinity, idleSince: 0, requests: 1, hints, roundTripMs: 0 };
  return keepUntil(facts, settings.rules);
}

function hintsOf({ hints }: Settings, source: HintSource): ServerHints {
  if (typeof hints === "function") return { ...NO_HINTS, ...hints(source) };
  if (hints === "ignore" || source.keepAlive === undefined) return NO_HINTS;
  return { ...NO_HINTS, timeoutMs: parseKeepAlive(source.keepAlive).timeoutMs };
}

/** Whether the client sends a request again that met a closed connection. */
export function sendsAgain(client: PoolOptions, method: "GET" | "POST"): boolean {
  const attempt: FailedAttempt = {
    method,
    sent: "full",
    reused: true,
    responded: false,
    repeatable: method === "GET",
    replayable: true,
    resendCount: 0,
  };
  return resendReason(attempt, resolveOptions(client).retry) !== undefined;
}
