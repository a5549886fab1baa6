/** nginx as a client of the servers behind it. */

import type { Duration } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { noTextClose } from "./connection-readers.ts";
import { directives } from "./directives.ts";

/** Directives of an `upstream` block. */
export interface NginxUpstreamDirectives {
  /** `keepalive`: idle connections of one worker to all servers of the block. @default 32 */
  readonly keepalive?: number;
  /** `keepalive_requests`. @default 1000 */
  readonly keepaliveRequests?: number;
  /** `keepalive_time`. @default "1h" */
  readonly keepaliveTime?: Duration;
  /** `keepalive_timeout`. @default "60s" */
  readonly keepaliveTimeout?: Duration;
}

/** Methods that `proxy_next_upstream` without `non_idempotent` does not resend. */
const NON_IDEMPOTENT: readonly string[] = ["POST", "LOCK", "PATCH"];

/** A cached connection that fails does not count as a try: `u->peer.tries++`. */
const freeTry: RetryRule = ({ method, sent, reused, responded }) =>
  reused && !responded && (sent === "none" || !NON_IDEMPOTENT.includes(method));

/**
 * The rules of nginx 1.19.10 to 1.31 as a client. The idle time is 60 s, with 1000 requests and a lifetime of 1 h. At
 * most 32 idle connections are kept; beyond that, the stalest is closed. `Keep-Alive` is never read. `Connection` is
 * searched for the text `close`. **No HTTP/1.0 connection is kept**. Since 1.29.7 these are the defaults of
 * `proxy_pass`; before, an upstream connection carried one request.
 *
 * Source: nginx 1.31 `ngx_http_upstream_keepalive_module.c`, `ngx_http_upstream.c`, `ngx_http_proxy_module.c`.
 *
 * Differences: there is one cache, and in nginx one per worker. Requests say `Connection: keep-alive`. nginx checks
 * `keepalive_time` when a connection is returned, so a connection past it may carry one more request.
 */
export function nginxUpstream(given: NginxUpstreamDirectives = {}): ClientPreset {
  const { keepalive, keepaliveRequests, keepaliveTime, keepaliveTimeout } =
    directives<NginxUpstreamDirectives>("nginxUpstream", given, {
      keepalive: 32,
      keepaliveRequests: 1000,
      keepaliveTime: "1h",
      keepaliveTimeout: "60s",
    });
  return clientPreset(
    {
      name: "nginxUpstream",
      system: "nginx as a client",
      versions: "1.19.10 to 1.31",
      source: "nginx 1.31 ngx_http_upstream_keepalive_module.c",
    },
    {
      idleTimeout: keepaliveTimeout,
      maxRequests: keepaliveRequests,
      maxLifetime: keepaliveTime,
      maxIdle: keepalive,
      persistence: noTextClose,
      retry: freeTry,
    },
  );
}
