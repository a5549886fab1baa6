/** Apache httpd, the HTTP server. */

import type { Duration } from "../contract/duration.ts";
import type { Announcer, ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { serverPreset, wholeSeconds } from "./server-preset.ts";

/** Directives of httpd. Where httpd uses 0 for "no limit", use `Infinity`. */
export interface HttpdDirectives {
  /** `KeepAliveTimeout`. @default "5s" */
  readonly keepAliveTimeout?: Duration;
  /** `MaxKeepAliveRequests`: requests **after the first**. @default 100 */
  readonly maxKeepAliveRequests?: number;
}

/**
 * The rules of Apache httpd 2.4. The idle time is 5 s, and `MaxKeepAliveRequests 100` allows 101 requests. It announces
 * the timeout and the **remaining** requests, but only to a client that sends `Connection: keep-alive`.
 *
 * Source: apache/httpd trunk (2024) `http_protocol.c` `ap_h1_set_keepalive`, `server/config.c`.
 *
 * Not reproduced: when all its workers are busy, httpd closes all idle connections at once.
 */
export function httpd(given: HttpdDirectives = {}): ServerPreset {
  const { keepAliveTimeout, maxKeepAliveRequests } = directives<HttpdDirectives>("httpd", given, {
    keepAliveTimeout: "5s",
    maxKeepAliveRequests: 100,
  });
  const announcer: Announcer = ({ last, asked, idleTimeoutMs, remaining }) => {
    if (last) return { connection: "close" };
    if (!asked.keepAlive) return {};
    if (idleTimeoutMs === Infinity) return { connection: "keep-alive" };
    const timeout = `timeout=${wholeSeconds(idleTimeoutMs)}`;
    const keepAlive = remaining === Infinity ? timeout : `${timeout}, max=${remaining}`;
    return { connection: "keep-alive", keepAlive };
  };
  return serverPreset(
    { name: "httpd", system: "Apache httpd", versions: "2.4", source: "apache/httpd http_protocol.c" },
    {
      idleTimeout: keepAliveTimeout,
      maxRequests: maxKeepAliveRequests + 1,
      maxLifetime: Infinity,
      lifetimeJitter: 0,
    },
    announcer,
  );
}
