/** `java.net.HttpURLConnection` of the JDK, with its pool `sun.net.www.http.KeepAliveCache`. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { RetryRule } from "../rules/retry.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { wholeValue } from "./connection-readers.ts";
import { directives } from "./directives.ts";
import { jdkParser } from "./keep-alive-readers.ts";

/** System properties of the JDK's pool. */
export interface JdkDirectives {
  /** `http.keepAlive.time.server`: idle time if the server names none. @default "5s" */
  readonly keepAliveTimeServer?: Duration;
  /** `http.keepAlive.time.proxy`: idle time behind an HTTP proxy that reads the request. @default "60s" */
  readonly keepAliveTimeProxy?: Duration;
  /** `http.maxConnections`: idle connections of one origin. @default 5 */
  readonly maxConnections?: number;
  /** `sun.net.http.retryPost`: whether a POST is resent like any other request. @default true */
  readonly retryPost?: boolean;
  /**
   * `"current"`: JDK 20 and later, 17.0.8, 11.0.20. `"old"`: earlier ones. They ignore `timeout=0` (JDK-8291638), and
   * above the limit they close the returned connection, not the oldest (JDK-8293562).
   *
   * @default "current"
   */
  readonly generation?: "current" | "old";
}

/**
 * The rules of `HttpURLConnection` in JDK 8 to 25.
 *
 * `Keep-Alive` is read only beside a `Connection` line that is exactly `keep-alive`. Then `timeout` is the idle time: 0
 * closes at once; without `timeout` it is 5 s, behind a proxy 60 s. `max` is a threshold and starts anew with each
 * response: 0 and 1 end the connection, and a server that always says 2 keeps it for ever. Without that `Connection`
 * line the idle time is 5 s.
 *
 * At most 5 idle connections per origin are kept; beyond that, the oldest is closed. A request is resent once after
 * **any** failure before a response, **POST included**, even on a fresh connection.
 *
 * Source: openjdk `sun/net/www/http/KeepAliveCache.java`, `HttpClient.java`, `HeaderParser.java` (jdk25u), bytecode of
 * 17.0.15, and measurements with 17.0.15.
 *
 * Reproduced on purpose: `timeout=2147484` and more overflow a Java `int` and end the connection at once.
 *
 * Differences: each connection has its own idle time; in the JDK all connections of an origin have that of the first
 * one. Surplus bytes after a response end the connection; the JDK discards them. A byte on an idle connection ends it;
 * in the JDK it makes the next request fail. A truncated response head is an error, not a 200. Behind a forwarding
 * proxy the JDK shares no connection among origins; for that, set `proxy: { url, pooling: "origin" }`.
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
