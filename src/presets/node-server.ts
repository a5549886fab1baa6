/** `http.Server` of Node. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { Announcer, ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { serverPreset, wholeSeconds } from "./server-preset.ts";

/** Properties of `http.Server`. Where Node uses 0 for "no limit", use `Infinity`. */
export interface NodeServerDirectives {
  /** `keepAliveTimeout`: the announced idle time. @default "5s" */
  readonly keepAliveTimeout?: Duration;
  /** `keepAliveTimeoutBuffer`: how much later it closes. @default "1s" */
  readonly keepAliveTimeoutBuffer?: Duration;
  /** `maxRequestsPerSocket`: the last of them is answered with `Connection: close`. @default Infinity */
  readonly maxRequestsPerSocket?: number;
}

/**
 * The rules of Node's `http.Server`, 18 and later (the buffer: 20 and later). It announces 5 s, in whole seconds, and
 * keeps connections for 6 s. `max` is the same limit on every response, not the number of requests left.
 *
 * Source: Node 26.10 `_http_server.js`, `_http_outgoing.js`.
 */
export function nodeServer(given: NodeServerDirectives = {}): ServerPreset {
  const { keepAliveTimeout, keepAliveTimeoutBuffer, maxRequestsPerSocket } = directives<NodeServerDirectives>(
    "nodeServer",
    given,
    {
      keepAliveTimeout: "5s",
      keepAliveTimeoutBuffer: "1s",
      maxRequestsPerSocket: Infinity,
    },
  );
  const bufferMs = toMs(keepAliveTimeoutBuffer, "keepAliveTimeoutBuffer");
  const announcer: Announcer = ({ last, idleTimeoutMs, maxRequests }) => {
    if (last) return { connection: "close" };
    if (idleTimeoutMs === Infinity) return { connection: "keep-alive" };
    const timeout = `timeout=${wholeSeconds(Math.max(0, idleTimeoutMs - bufferMs))}`;
    const keepAlive = maxRequests === Infinity ? timeout : `${timeout}, max=${maxRequests}`;
    return { connection: "keep-alive", keepAlive };
  };
  return serverPreset(
    {
      name: "nodeServer",
      system: "Node http.Server",
      versions: "20 and later",
      source: "Node 26.10 _http_server.js",
      http2: {
        maxStreams: Infinity,
        ping: false,
        streamWindow: 65_535,
        connectionWindow: 65_535,
        ending: "never of its own accord: node:http2 has no keepAliveTimeout",
        source: "measured with Node 20 and 24",
      },
    },
    {
      idleTimeout: toMs(keepAliveTimeout, "keepAliveTimeout") + bufferMs,
      maxRequests: maxRequestsPerSocket,
      maxLifetime: Infinity,
      lifetimeJitter: 0,
    },
    announcer,
  );
}
