/** Tomcat: its HTTP/1.1 connector. */

import type { Duration } from "../contract/duration.ts";
import type { Announcer, ServerPreset } from "../rules/server-side.ts";
import { directives } from "./directives.ts";
import { serverPreset, wholeSeconds } from "./server-preset.ts";

/** Attributes of a `<Connector>`; where Tomcat writes -1 for "no limit", it is `Infinity` here. */
export interface TomcatDirectives {
  /**
   * `keepAliveTimeout`, which is by default the `connectionTimeout`: 60 s in the code (and embedded), **20 s in the
   * `server.xml` that Tomcat is shipped with**.
   *
   * @default "60s"
   */
  readonly keepAliveTimeout?: Duration;
  /** `maxKeepAliveRequests`: the last of them is answered with `Connection: close`. @default 100 */
  readonly maxKeepAliveRequests?: number;
  /** @default true */
  readonly useKeepAliveResponseHeader?: boolean;
}

/**
 * The rules of Tomcat 9 to 11: 60 s idle (20 s by the shipped `server.xml`), 100 requests. It names its timeout only to a
 * client that asked with `Connection: keep-alive`, in whole seconds, and never the number of requests.
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
