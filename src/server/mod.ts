/**
 * Keep-alive rules for the connections that come in to a plain `http.Server`, `https.Server` or HTTP/2 server: those of
 * `keepAlive()` of `@holdfast/pool/hono`, for Express, Fastify, Nest and everything else that stands on such a server.
 *
 * @example
 * ```ts
 * import { createServer } from "node:http";
 * import { behind, keepAliveServer } from "@holdfast/pool/server";
 *
 * const server = createServer(listener).listen(8080);
 * const alive = keepAliveServer(server, behind("aws-alb"));
 * process.once("SIGTERM", () => alive.shutdown({ timeout: "8s" }));
 * ```
 *
 * @module
 */

export { type BehindOptions, behind } from "../inbound/behind.ts";
export type {
  EnforcementLimited,
  EnvironmentMissing,
  InboundEnded,
  KeepAliveEvent,
  KeepAliveListener,
} from "../inbound/keep-alive-events.ts";
export type { KeepAliveRules } from "../inbound/keep-alive-rules.ts";
export type { Enforcement, ServerKind } from "../inbound/server-adapter.ts";
export type { ClosablePool, ShutdownOptions, ShutdownReport } from "../inbound/shutdown.ts";
export type { NodeServerLike } from "../inbound/stoppable-server.ts";
export { BALANCER_NAMES, type BalancerName } from "../presets/balancers.ts";
export {
  ANNOUNCER,
  type AnnouncedFacts,
  type Announcement,
  type Announcer,
  type ServerPreset,
} from "../rules/server-side.ts";
export {
  type KeepAliveHandle,
  type KeepAliveServer,
  type KeepAliveServerOptions,
  keepAliveServer,
} from "./keep-alive-server.ts";
