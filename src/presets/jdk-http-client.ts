/** `java.net.http.HttpClient` of the JDK, with HTTP/1.1. */

import type { Duration } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { firstLineIsClose } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { methodsOnAny, methodsOnReused } from "./retry-rules.ts";

/** System properties of `java.net.http`. */
export interface JdkHttpClientDirectives {
  /** `jdk.httpclient.keepalive.timeout`. @default "30s"; before JDK 20 "1200s" */
  readonly keepaliveTimeout?: Duration | "as in the version";
  /**
   * `jdk.httpclient.connectionPoolSize`: idle connections in all. The JDK's 0 (no limit) is `Infinity`.
   *
   * @default Infinity
   */
  readonly connectionPoolSize?: number;
  /** Version of the JDK. @default "21" */
  readonly version?: string;
}

/**
 * The rules of `java.net.http.HttpClient` in JDK 11 to 25. The idle time is fixed (30 s, before JDK 20 1200 s),
 * whatever the server announces. The connection **idle longest is used first**. Only a first `Connection` line that is
 * exactly `close` ends the connection. So `close, TE` keeps it, and so does **HTTP/1.0 without `Connection`**. GET and
 * HEAD are resent.
 *
 * Source: openjdk `jdk/internal/net/http/ConnectionPool.java`, `HttpConnection.java`, `MultiExchange.java`; bytecode of
 * and measurements with 17.0.15.
 *
 * Differences: surplus bytes in the same segment as a response end the connection; the JDK may reuse it. Idle time is
 * counted in ms, and in the JDK in whole seconds. So connections returned within one second may be used in another
 * order. The JDK prefers HTTP/2, which this preset leaves out.
 */
export function jdkHttpClient(given: JdkHttpClientDirectives = {}): ClientPreset {
  const { keepaliveTimeout, connectionPoolSize, version } = directives<JdkHttpClientDirectives>(
    "jdkHttpClient",
    given,
    {
      keepaliveTimeout: "as in the version",
      connectionPoolSize: Infinity,
      version: "21",
    },
  );
  const isOld = isBefore(version, "20");
  const versionTimeout: Duration = isOld ? "1200s" : "30s";
  return clientPreset(
    {
      name: "jdkHttpClient",
      system: "java.net.http",
      versions: "JDK 11 to 25",
      source: "openjdk ConnectionPool, HttpConnection; measured with 17.0.15",
    },
    {
      idleTimeout: keepaliveTimeout === "as in the version" ? versionTimeout : keepaliveTimeout,
      persistence: firstLineIsClose,
      maxIdle: connectionPoolSize,
      reuseOrder: "fifo",
      retry: isOld ? methodsOnAny(["GET", "HEAD"], 1) : methodsOnReused(["GET", "HEAD"], 4),
    },
  );
}
