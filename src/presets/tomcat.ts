/** Tomcat, with its HTTP/1.1 connector. */

import type { Duration } from "../contract/duration.ts";
import type { Announcer, ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { serverPreset, wholeSeconds } from "./server-preset.ts";

/** Attributes of a `<Connector>`. Where Tomcat uses -1 for "no limit", use `Infinity`. */
export interface TomcatDirectives {
  /**
   * `keepAliveTimeout`. Its default is `connectionTimeout`, which is 60 s in the code (and embedded) and **20 s in the
   * `server.xml` that Tomcat ships**.
   *
   * @default "60s"
   */
  readonly keepAliveTimeout?: Duration;
  /** `maxKeepAliveRequests`: the last of them is answered with `Connection: close`. @default 100 */
  readonly maxKeepAliveRequests?: number;
  /** Whether the timeout is announced. @default true */
  readonly useKeepAliveResponseHeader?: boolean;
}

/**
 * The rules of Tomcat 9 to 11. The idle time is 60 s (20 s with the shipped `server.xml`), with 100 requests. It
 * announces the timeout in whole seconds, but only to a client that sends `Connection: keep-alive`. It never announces
 * the requests left.
 *
 * Source: apache/tomcat 10.1.59 `Http11Processor`, `AbstractEndpoint`, `coyote/http11/Constants`.
 */
export function tomcat(given: TomcatDirectives = {}): ServerPreset {
  const { keepAliveTimeout, maxKeepAliveRequests, useKeepAliveResponseHeader } = directives<TomcatDirectives>(
    "tomcat",
    given,
    {
      keepAliveTimeout: "60s",
      maxKeepAliveRequests: 100,
      useKeepAliveResponseHeader: true,
    },
  );
  const announcer: Announcer = ({ last, asked, minorVersion, idleTimeoutMs }) => {
    if (last) return { connection: "close" };
    if (useKeepAliveResponseHeader && asked.keepAlive && idleTimeoutMs < Infinity)
      return { connection: "keep-alive", keepAlive: `timeout=${wholeSeconds(idleTimeoutMs)}` };
    return minorVersion === 0 ? { connection: "keep-alive" } : {};
  };
  return serverPreset(
    {
      name: "tomcat",
      system: "Tomcat",
      versions: "9 to 11",
      source: "apache/tomcat 10.1.59 Http11Processor",
    },
    {
      idleTimeout: keepAliveTimeout,
      maxRequests: maxKeepAliveRequests,
      maxLifetime: Infinity,
      lifetimeJitter: 0,
    },
    announcer,
  );
}
