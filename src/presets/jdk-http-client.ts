/** JDK HttpClient: `java.net.http.HttpClient`, HTTP/1.1. */

import type { Duration } from "../contract/duration.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { firstLineIsClose } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { methodsOnAny, methodsOnReused } from "./retry-rules.ts";

/** System properties of `java.net.http`. */
export interface JdkHttpClientDirectives {
  /** `jdk.httpclient.keepalive.timeout`. @default "30s"; before JDK 20 "1200s" */
  readonly keepaliveTimeout?: Duration | "as in the version";
  /** `jdk.httpclient.connectionPoolSize`: idle connections in all; their 0, no limit, is `Infinity`. @default Infinity */
  readonly connectionPoolSize?: number;
  /** Of the JDK. @default "21" */
  readonly version?: string;
}

/**
 * The rules of `java.net.http.HttpClient` in JDK 11 to 25: a fixed idle time (30 s, in JDK 17 1200 s), whatever the server
 * says; the connection **idle longest is used first**; only a first `Connection` line that is `close` and nothing else
 * ends one, so `close, TE` and **HTTP/1.0 without a word** keep it. GET and HEAD are sent again.
 *
 * Source: openjdk `jdk/internal/net/http/ConnectionPool.java`, `HttpConnection.java`, `MultiExchange.java`; bytecode of and
 * measurements with 17.0.15.
 *
 * Not as there: junk in the same segment as a response ends the connection, where the JDK may use it again; idle time is
 * counted in ms, not cut to seconds, so that of connections given back within one second another may go first.
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
