/** nginx upstream: nginx as a client of the servers behind it. */

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

/** `proxy_next_upstream` without `non_idempotent`. */
const NON_IDEMPOTENT: readonly string[] = ["POST", "LOCK", "PATCH"];

/** Each cached connection that fails adds a try: `u->peer.tries++`. */
const freeTry: RetryRule = ({ method, sent, reused, responded }) =>
  reused && !responded && (sent === "none" || !NON_IDEMPOTENT.includes(method));

/**
 * The rules of nginx 1.19.10 to 1.31 as a client: 60 s idle, 1000 requests, 1 h of life, 32 idle connections, of which the
 * stalest goes; `Keep-Alive` never read; `Connection` searched for the text `close`, and **no HTTP/1.0 connection is kept**.
 * Since 1.29.7 these are the defaults of `proxy_pass`; before, each upstream connection carried one request.
 *
 * Source: nginx 1.31 `ngx_http_upstream_keepalive_module.c`, `ngx_http_upstream.c`, `ngx_http_proxy_module.c`.
 *
 * Not as there: one cache, where nginx has one per worker; requests say `Connection: keep-alive`; nginx looks at
 * `keepalive_time` when a connection comes back, so that one more request may go out on it.
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
