/** nginx as a server. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { Announcer, ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { serverPreset, wholeSeconds } from "./server-preset.ts";
import { KIB } from "./units.ts";

/** Directives of an `http`, `server` or `location` block. */
export interface NginxDirectives {
  /** `keepalive_timeout`, first argument: idle time. @default "75s" */
  readonly keepaliveTimeout?: Duration;
  /** `keepalive_timeout`, second argument: the announced `Keep-Alive: timeout`. @default false: no header */
  readonly announcedTimeout?: Duration | false;
  /** `keepalive_requests`: the last of them is answered with `Connection: close`. @default 1000 */
  readonly keepaliveRequests?: number;
  /** `keepalive_time`. @default "1h" */
  readonly keepaliveTime?: Duration;
}

/**
 * The rules of nginx 1.19.10 and later as a server. The idle time is 75 s, with 1000 requests and a lifetime of 1 h. It
 * always says `Connection: keep-alive` or `close`. It announces a timeout only if `keepalive_timeout` has a second
 * argument, which may be longer than the first.
 *
 * Source: nginx 1.31 `ngx_http_core_module.c`, `ngx_http_header_filter_module.c`.
 *
 * Not reproduced: when it runs out of connections, nginx closes idle ones early, the stalest first.
 */
export function nginx(given: NginxDirectives = {}): ServerPreset {
  const { keepaliveTimeout, announcedTimeout, keepaliveRequests, keepaliveTime } =
    directives<NginxDirectives>("nginx", given, {
      keepaliveTimeout: "75s",
      announcedTimeout: false,
      keepaliveRequests: 1000,
      keepaliveTime: "1h",
    });
  const seconds = announcedTimeout === false ? 0 : wholeSeconds(toMs(announcedTimeout, "announcedTimeout"));
  const announcer: Announcer = ({ last }) => {
    if (last) return { connection: "close" };
    return { connection: "keep-alive", keepAlive: seconds > 0 ? `timeout=${seconds}` : undefined };
  };
  return serverPreset(
    {
      name: "nginx",
      system: "nginx",
      versions: "1.19.10 and later",
      source: "nginx 1.31 ngx_http_core_module.c",
      http2: {
        maxStreams: 128,
        ping: false,
        streamWindow: 64 * KIB,
        connectionWindow: 2 ** 31 - 1,
        ending: "GOAWAY at the last request; later streams are passed over",
        source: "nginx 3f6f7824 src/http/v2/ngx_http_v2.c; measured with 1.22.1",
      },
    },
    {
      idleTimeout: keepaliveTimeout,
      maxRequests: keepaliveRequests,
      maxLifetime: keepaliveTime,
      lifetimeJitter: 0,
    },
    announcer,
  );
}
