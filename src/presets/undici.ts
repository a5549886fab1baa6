/** undici, the client behind Node's own `fetch`. */

import { type Duration, toMs } from "../contract/duration.ts";
import type { PersistenceTest } from "../rules/persistence.ts";
import type { Http2Info } from "../rules/preset-info.ts";
import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { eitherField } from "./connection-readers.ts";
import { directives, isBefore } from "./directives.ts";
import { UNDICI_ANYWHERE, UNDICI_PARAMETER, undiciReader } from "./keep-alive-readers.ts";
import { KIB } from "./units.ts";

/** Options of undici's `Agent` and `Pool`. */
export interface UndiciDirectives {
  /** Idle time if the server names none. @default "4s" */
  readonly keepAliveTimeout?: Duration;
  /** The longest idle time that a server can ask for. @default "600s" */
  readonly keepAliveMaxTimeout?: Duration;
  /** Subtracted from the server's `timeout`. @default "2s" */
  readonly keepAliveTimeoutThreshold?: Duration;
  /** The most connections of one origin. undici's `null` is `Infinity`. @default Infinity */
  readonly connections?: number;
  /** The most requests on one connection. @default Infinity */
  readonly maxRequestsPerClient?: number;
  /** Age after which a connection takes no further request. @default Infinity */
  readonly clientTtl?: Duration;
  /** Version of undici. @default "8.12" */
  readonly version?: string;
}

/**
 * undici sends `Connection: close` with every HEAD (unless `reset: false`), so a HEAD is the last request on its
 * connection.
 */
const keptByUndici: PersistenceTest = (facts) => facts.method !== "HEAD" && eitherField(facts);

/** Before 8, HTTP/2 has to be asked for (`allowH2`). */
const SINCE_8: Http2Info = {
  maxStreams: 100,
  whenFull: "waits",
  ping: { intervalMs: 60_000, timeoutMs: undefined, when: "always" },
  streamWindow: 256 * KIB,
  connectionWindow: 512 * KIB,
  ending: "above the last id of GOAWAY, once, if the body can be had again; else an error",
  source: "nodejs/undici 7eb7c8ec lib/dispatcher/client-h2.js; measured with 8.12.4",
};

/**
 * The rules of undici 6.14 to 8, and so of `fetch` in Node 20 to 26. The idle time is 4 s, or the server's `timeout`
 * less 2 s, and at most 600 s. A server that announces 2 s or less gets no second request on a connection. Before 8.12,
 * any text that ends in `timeout=` in lower case counts; since then, only the parameter of that name. Connections are
 * used in the order in which they were opened. A HEAD is the last request on its connection. A request is **never
 * resent**, not even a GET.
 *
 * Source: nodejs/undici 8.10 `dispatcher/client-h1.js`, `client.js`, `pool.js`, `core/util.js`; measured with Node 20,
 * 22, 24.
 *
 * Differences: the end of the connection after a HEAD is not announced to the server. HTTP/1.0 with
 * `Transfer-Encoding: chunked` ends the connection (RFC 9112 §6.1). Two equal `Content-Length` lines are accepted.
 */
export function undici(given: UndiciDirectives = {}): ClientPreset {
  const set = directives<UndiciDirectives>("undici", given, {
    keepAliveTimeout: "4s",
    keepAliveMaxTimeout: "600s",
    keepAliveTimeoutThreshold: "2s",
    connections: Infinity,
    maxRequestsPerClient: Infinity,
    clientTtl: Infinity,
    version: "8.12",
  });
  const reader = undiciReader(
    isBefore(set.version, "8.12") ? UNDICI_ANYWHERE : UNDICI_PARAMETER,
    toMs(set.keepAliveTimeout, "keepAliveTimeout"),
    toMs(set.keepAliveMaxTimeout, "keepAliveMaxTimeout"),
    toMs(set.keepAliveTimeoutThreshold, "keepAliveTimeoutThreshold"),
  );
  return clientPreset(
    {
      name: "undici",
      system: "undici, Node fetch",
      versions: "6.14 to 8",
      source: "undici 8.10; measured with 7.30.2, 8.12.4 and Node 20, 22, 24",
      ...(isBefore(set.version, "8") ? {} : { http2: SINCE_8 }),
    },
    {
      unusedIdleTimeout: set.keepAliveTimeout,
      serverHints: reader,
      persistence: keptByUndici,
      // Before 8, one request more than the limit is sent.
      maxRequests: set.maxRequestsPerClient + (isBefore(set.version, "8") ? 1 : 0),
      maxLifetime: set.clientTtl,
      maxConnectionsPerOrigin: set.connections,
      acquireTimeout: Infinity,
      reuseOrder: "oldest",
      tcpKeepAlive: { idle: "60s" },
    },
  );
}
