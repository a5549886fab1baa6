/** Keep-alive events: what an observer of `keepAlive()` is told. Nothing of a request, no path, no header. */

import type { RetireReason } from "../../contract/reasons.ts";
import type { Enforcement, ServerKind } from "./server.ts";

/** The server cannot end connections as the rules say. Told once, with the first request. */
export interface EnforcementLimited {
  readonly type: "enforcement.limited";
  readonly server: ServerKind;
  readonly enforcement: Enforcement;
  /** What is missing, and what to do about it. */
  readonly message: string;
}

/** The server's environment did not reach the application, so nothing can be said or done. Told once. */
export interface EnvironmentMissing {
  readonly type: "environment.missing";
  /** What to do about it. */
  readonly message: string;
}

/** A rule ended a connection: this response is its last. */
export interface InboundEnded {
  readonly type: "inbound.ended";
  readonly server: ServerKind;
  readonly reason: RetireReason;
  readonly requests: number;
  /** Ms since its first request. */
  readonly ageMs: number;
}

/** All that an observer may be told. */
export type KeepAliveEvent = EnforcementLimited | EnvironmentMissing | InboundEnded;

/** Called synchronously; must be quick. What it throws is swallowed. */
export type KeepAliveListener = (event: KeepAliveEvent) => void;

/** Of `app.request()` it is told as well: it looks the same. */
export const ENVIRONMENT_MISSING: EnvironmentMissing = {
  type: "environment.missing",
  message:
    "keepAlive() does nothing: a request came without its server's environment. Pass it on: fetch: app.fetch, or fetch: (request, env) => app.fetch(request, env)",
};

const LIMITS: Readonly<Partial<Record<ServerKind, string>>> = {
  deno: "Deno.serve ignores Connection: close and has no idle timeout: clients are only told. @hono/node-server enforces the rules on Deno, too",
  workerd: "workerd removes Connection and Keep-Alive from responses: nothing can be said or enforced",
};

/** Why a server cannot do all of it, or `undefined` if it can. */
export function enforcementLimited(server: ServerKind): EnforcementLimited | undefined {
  const message = LIMITS[server];
  if (message === undefined) return undefined;
  return { type: "enforcement.limited", server, enforcement: "advisory", message };
}
