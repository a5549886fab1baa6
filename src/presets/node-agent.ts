/** Node Agent: `http.Agent` of Node. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { eitherField, isUnframedHead } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { regexAtStart } from "./keep-alive-readers.ts";

/** Options of `new http.Agent({ keepAlive: true, … })`. */
export interface NodeAgentDirectives {
  /** `timeout`: idle time; an Agent of one's own has none unless told, which is `Infinity`. @default "5s", as in `globalAgent` */
  readonly timeout?: Duration;
  /** `agentKeepAliveTimeoutBuffer`: taken off the server's `timeout`. @default "1s" */
  readonly agentKeepAliveTimeoutBuffer?: Duration;
  /** Connections of one origin. @default Infinity */
  readonly maxSockets?: number;
  /** Connections in all. @default Infinity */
  readonly maxTotalSockets?: number;
  /** Idle connections of one origin. @default 256 */
  readonly maxFreeSockets?: number;
  /** @default "lifo" */
  readonly scheduling?: "lifo" | "fifo";
  /** TCP keepalive: silence before the first probe. The Agent alone ties it to keeping the connection. @default "1s" */
  readonly keepAliveMsecs?: Duration;
}

const keptByAgent: PersistenceTest = (facts) => !isUnframedHead(facts) && eitherField(facts);

/**
 * The rules of `http.globalAgent` in Node 19 to 26, and of an Agent with `keepAlive: true`: 5 s idle; the server's `timeout`,
 * less 1 s, only if it is less, and only where the header starts with it; at most 256 idle per origin, the one that
 * comes back goes; **never sent again**, GET included.
 *
 * Source: Node 26.10 `_http_agent.js`, `_http_client.js`, llhttp 9.4; measured with Node 20, 22 and 24.
 *
 * Not as there: HTTP/1.0 with `Transfer-Encoding: chunked` ends the connection (RFC 9112 §6.1), and junk after a complete
 * response fails only the connection, not that response; two equal `Content-Length` lines are accepted.
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
