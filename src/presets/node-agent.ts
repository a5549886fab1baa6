/** `http.Agent` of Node. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { eitherField, isUnframedHead } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { regexAtStart } from "./keep-alive-readers.ts";

/** Options of `new http.Agent({ keepAlive: true, … })`. */
export interface NodeAgentDirectives {
  /**
   * `timeout`: idle time. An Agent that is created without it has none, which is `Infinity`.
   *
   * @default "5s", as in `globalAgent`
   */
  readonly timeout?: Duration;
  /** `agentKeepAliveTimeoutBuffer`: taken off the server's `timeout`. @default "1s" */
  readonly agentKeepAliveTimeoutBuffer?: Duration;
  /** Connections of one origin. @default Infinity */
  readonly maxSockets?: number;
  /** Connections in all. @default Infinity */
  readonly maxTotalSockets?: number;
  /** Idle connections of one origin. @default 256 */
  readonly maxFreeSockets?: number;
  /** Which idle connection is used next: the last one released, or the first. @default "lifo" */
  readonly scheduling?: "lifo" | "fifo";
  /** TCP keepalive: silence before the first probe. Node sets it only with `keepAlive: true`. @default "1s" */
  readonly keepAliveMsecs?: Duration;
}

const keptByAgent: PersistenceTest = (facts) => !isUnframedHead(facts) && eitherField(facts);

/**
 * The rules of `http.globalAgent` in Node 19 to 26, and of an Agent with `keepAlive: true`. The idle time is 5 s, or
 * the server's `timeout` less 1 s if that is shorter. The `timeout` is read only at the start of the header. At most
 * 256 idle connections per origin are kept; beyond that, a returned connection is closed. A request is **never
 * resent**, not even a GET.
 *
 * Source: Node 26.10 `_http_agent.js`, `_http_client.js`, llhttp 9.4; measured with Node 20, 22 and 24.
 *
 * Differences: HTTP/1.0 with `Transfer-Encoding: chunked` ends the connection (RFC 9112 §6.1). Surplus bytes after a
 * complete response end only the connection, and do not fail that response. Two equal `Content-Length` lines are
 * accepted.
 */
export function nodeAgent(given: NodeAgentDirectives = {}): ClientPreset {
  const set = directives<NodeAgentDirectives>("nodeAgent", given, {
    timeout: "5s",
    agentKeepAliveTimeoutBuffer: "1s",
    maxSockets: Infinity,
    maxTotalSockets: Infinity,
    maxFreeSockets: 256,
    scheduling: "lifo",
    keepAliveMsecs: "1s",
  });
  const bufferMs = toMs(set.agentKeepAliveTimeoutBuffer, "agentKeepAliveTimeoutBuffer");
  return clientPreset(
    {
      name: "nodeAgent",
      system: "Node http.Agent",
      versions: "19 to 26",
      source: "Node 26.10 _http_agent.js, llhttp 9.4; measured with 20, 22, 24",
    },
    {
      unusedIdleTimeout: set.timeout,
      serverHints: regexAtStart(toMs(set.timeout, "timeout"), bufferMs),
      persistence: keptByAgent,
      maxConnectionsPerOrigin: Math.min(set.maxSockets, set.maxTotalSockets),
      maxConnections: set.maxTotalSockets,
      maxIdlePerOrigin: set.maxFreeSockets,
      evictIdle: "returned",
      acquireTimeout: Infinity,
      reuseOrder: set.scheduling,
      tcpKeepAlive: { idle: set.keepAliveMsecs },
    },
  );
}
