/** The events of `keepAlive()`. They contain nothing of a request: no path and no header. */

import type { RetireReason } from "../contract/reasons.ts";
import type { Enforcement, ServerKind } from "./server-adapter.ts";

/** The server cannot end connections as the rules say. Emitted once, with the first request. */
export interface EnforcementLimited {
  /** Which event this is. */
  readonly type: "enforcement.limited";
  /** The server that the application runs under. */
  readonly server: ServerKind;
  /** Whether it enforces the rules, or only announces them. */
  readonly enforcement: Enforcement;
  /** What the server cannot do, and the remedy where there is one. */
  readonly message: string;
}

/** The server's environment did not reach the application, so `keepAlive()` does nothing. Emitted once. */
export interface EnvironmentMissing {
  /** Which event this is. */
  readonly type: "environment.missing";
  /** How to pass the environment on. */
  readonly message: string;
}

/** A rule ended a connection: the response being sent is its last, or over HTTP/2, GOAWAY was sent. */
export interface InboundEnded {
  /** Which event this is. */
  readonly type: "inbound.ended";
  /** The server that the application runs under. */
  readonly server: ServerKind;
  /** The rule that ended it. */
  readonly reason: RetireReason;
  /** Requests that the connection has carried, this one included. */
  readonly requests: number;
  /** Ms since the connection's first request. */
  readonly ageMs: number;
}

/** Every event of `keepAlive()`. */
export type KeepAliveEvent = EnforcementLimited | EnvironmentMissing | InboundEnded;

/** Called synchronously, so it must be quick. Its exceptions are swallowed. */
export type KeepAliveListener = (event: KeepAliveEvent) => void;

/** Also emitted under `app.request()`, which cannot be told apart from a server without an environment. */
export const ENVIRONMENT_MISSING: EnvironmentMissing = {
  type: "environment.missing",
  message:
    "keepAlive() does nothing: a request came without its server's environment. Pass it on: fetch: app.fetch, or fetch: (request, env) => app.fetch(request, env)",
};

/** What each server cannot do. */
const LIMITS: Readonly<Partial<Record<ServerKind, string>>> = {
  deno: "Deno.serve ignores Connection: close and has no idle timeout, so the rules are only announced to clients. @hono/node-server enforces them on Deno, too",
  workerd:
    "workerd removes Connection and Keep-Alive from responses, so the rules can be neither announced nor enforced",
};

/** The event that says why a server cannot enforce the rules, or `undefined` if it can. */
export function enforcementLimited(server: ServerKind): EnforcementLimited | undefined {
  const message = LIMITS[server];
  if (message === undefined) return undefined;
  return { type: "enforcement.limited", server, enforcement: "advisory", message };
}
