/** Race: how long a client keeps an idle connection to a server, and which of the two gives it up first. */

import type { PoolOptions } from "../options/options.ts";
import { resolveOptions, type Settings } from "../options/resolve.ts";
import { type HintSource, parseKeepAlive } from "../rules/hints.ts";
import { type FailedAttempt, resendReason } from "../rules/retry.ts";
import { NO_HINTS, type ServerHints } from "../rules/rules.ts";
import { ANNOUNCER, type Announcement, type ServerPreset } from "../rules/server-side.ts";
import { keepUntil } from "../rules/verdict.ts";

/**
 * - `"client"`: the client gives up first, so no request meets a closed connection.
 * - `"race"`: both give up at about the same time, and a request may meet a close on its way.
 * - `"server"`: the server closes first; the client has to notice.
 * - `"never"`: neither gives up.
 */
export type Winner = "client" | "race" | "server" | "never";

/** How client and server get along while a connection is idle. */
export interface IdleComparison {
  readonly winner: Winner;
  /** How long the client keeps an idle connection, in ms; 0 when it uses none twice. */
  readonly clientMs: number;
  /** After how long the server closes it. */
  readonly serverMs: number;
  /** What the server says with a response. */
  readonly announced: Announcement;
}

/** Closer together than this, the two times are taken for one: messages are under way for a part of it. */
const NARROW_MS = 1000;

/** Who gives up an idle connection first, after one response. */
export function compareIdleTimes(client: PoolOptions, server: ServerPreset): IdleComparison {
  const announced = announcementOf(server);
  const clientMs = idleMsAfter(client, announced.keepAlive, announced.connection);
  const serverMs = resolveOptions(server).rules.idleTimeoutMs;
  return { winner: winnerOf(clientMs, serverMs), clientMs, serverMs, announced };
}

function winnerOf(clientMs: number, serverMs: number): Winner {
  if (clientMs === Infinity && serverMs === Infinity) return "never";
  if (Math.abs(serverMs - clientMs) < NARROW_MS && clientMs > 0) return "race";
  return clientMs < serverMs ? "client" : "server";
}

/** What a server says with its first response to an HTTP/1.1 client that asked, as Holdfast does. */
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

/** How long a client keeps a connection after a response that says so, in ms. */
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

/** Whether a request that met a closed connection is sent again. */
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
