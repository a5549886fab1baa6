/**
 * An `http.Agent` for programs that sit on `node:http` and take an agent: axios, got, superagent, the AWS SDK, twilio, Google's
 * libraries. It serves `http:` and `https:` alike. The pool chooses, checks, limits, queues, learns and retires its connections;
 * `node:http` writes requests and parses responses.
 *
 * @example
 * ```ts
 * import https from "node:https";
 * import { agent } from "@holdfast/pool/agent";
 *
 * const shared = agent({ idleTimeout: "30s", maxSockets: 50 });
 * https.get("https://api.example.com/items", { agent: shared }, (response) => response.resume());
 * ```
 *
 * @module
 */

import type { Agent } from "node:https";
import { createPool, frontParts, type Pool } from "../create-pool.ts";
import { type AgentOptions, translate } from "./agent-options.ts";
import { type AgentParts, PooledAgent } from "./pooled-agent.ts";

export type { AgentOptions, ForeignAgentOptions } from "./agent-options.ts";
export type { CreateConnection, NodeOptions, OpenCallback } from "./routes.ts";

/** What {@linkcode agent} returns: an `http.Agent`, also for `https:`, and the pool behind it. */
export interface HoldfastAgent extends Agent {
  /** The pool, for `stats()`, `explain()`, `subscribe()` and `close()`. */
  readonly pool: Pool;
}

/**
 * An agent over a pool, or over a new one with the given options. The options may be those of Node's `http.Agent`, `https.Agent` and
 * agentkeepalive as well, which are translated.
 *
 * Requests fail with an `error` event, as with any agent. Where Node has a code for the failure (`ECONNREFUSED`, `ECONNRESET`), the
 * error has that code, and the pool's own error as its `cause`; else it is a {@linkcode HoldfastError}.
 *
 * @throws {TypeError | RangeError} for a wrong option, or one that cannot be honoured; it names the option.
 */
export function agent(poolOrOptions: Pool | AgentOptions = {}): HoldfastAgent {
  if (frontParts(poolOrOptions) !== undefined)
    return overPool(poolOrOptions as Pool, { request: {}, createConnection: undefined, socketTimeoutMs: 0 });
  const { pool: options, ...own } = translate(poolOrOptions as AgentOptions);
  return overPool(createPool(options), own);
}

function overPool(pool: Pool, own: Omit<AgentParts, "pool" | "front">): HoldfastAgent {
  const front = frontParts(pool);
  if (front === undefined) throw new Error("Bug in Holdfast: a pool without its parts");
  return new PooledAgent({ pool, front, ...own }) as HoldfastAgent;
}
