/** JDK: `java.net.HttpURLConnection`, whose pool is `sun.net.www.http.KeepAliveCache`. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { wholeValue } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { jdkParser } from "./keep-alive-readers.ts";

/** System properties of the JDK that concern its pool. */
export interface JdkDirectives {
  /** `http.keepAlive.time.server`. @default "5s" */
  readonly keepAliveTimeServer?: Duration;
  /** `http.keepAlive.time.proxy`: through an HTTP proxy that reads the request. @default "60s" */
  readonly keepAliveTimeProxy?: Duration;
  /** `http.maxConnections`: idle connections of one origin. @default 5 */
  readonly maxConnections?: number;
  /** `sun.net.http.retryPost`: whether a POST is sent again like any other request. @default true */
  readonly retryPost?: boolean;
  /**
   * `"current"`: JDK 20 and later, 17.0.8, 11.0.20. `"old"`: before them, where `timeout=0` said nothing (JDK-8291638) and
   * the connection that came back went if there were too many (JDK-8293562).
   *
   * @default "current"
   */
  readonly generation?: "current" | "old";
}

/**
 * The rules of `HttpURLConnection` in JDK 8 to 25. `Keep-Alive` is looked at only beside a `Connection` line that is
 * `keep-alive` and nothing else; then `timeout` counts (0: at once; none: 5 s, through a proxy 60 s), and `max` is a
 * threshold that starts anew with each response: 0 and 1 end the connection, 2 for ever keeps it. Without the token it is
 * 5 s. At most 5 idle per origin, the oldest goes; once more after **any** failure before a response, **POST included**, even
 * on a fresh connection.
 *
 * Source: openjdk `sun/net/www/http/KeepAliveCache.java`, `HttpClient.java`, `HeaderParser.java` (jdk25u), bytecode of
 * 17.0.15, and measurements with 17.0.15.
 *
 * As there, `timeout=2147484` and more overflow a Java `int` and end the connection at once.
 *
 * Not as there: the idle time belongs to the connection, where the JDK gives all connections of an origin that of the
 * first one; junk after a response and a byte on an idle connection end it, where the JDK drops the one and fails the
 * next request for the other; a truncated response head is an error, not a 200. Through a forwarding proxy the JDK
 * shares no connection among origins: `proxy: { url, pooling: "origin" }`.
 */
export function jdk(given: JdkDirectives = {}): ClientPreset {
  const { keepAliveTimeServer, keepAliveTimeProxy, maxConnections, retryPost, generation } =
    directives<JdkDirectives>("jdk", given, {
      keepAliveTimeServer: "5s",
      keepAliveTimeProxy: "60s",
      maxConnections: 5,
      retryPost: true,
      generation: "current",
    });
  const serverMs = toMs(keepAliveTimeServer, "keepAliveTimeServer");
  const proxyMs = toMs(keepAliveTimeProxy, "keepAliveTimeProxy");
  const isCurrent = generation === "current";
  const once: RetryRule = ({ method, responded, resendCount }) =>
    !responded && resendCount === 0 && (retryPost || method !== "POST");
  return clientPreset(
    {
      name: "jdk",
      system: "JDK HttpURLConnection",
      versions: "JDK 8 to 25",
      source: "openjdk jdk25u KeepAliveCache, HttpClient; measured with 17.0.15",
    },
    {
      unusedIdleTimeout: serverMs,
      serverHints: jdkParser({ serverMs, proxyMs, zeroCloses: isCurrent }),
      persistence: wholeValue,
      maxIdlePerOrigin: maxConnections,
      evictIdle: isCurrent ? "stalest" : "returned",
      retry: once,
    },
  );
}
