/** The `fetch` of Bun. */

import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { allLines } from "./connection-readers.ts";
import { methodsOnReused } from "./retry-rules.ts";

/** The methods that Bun resends. */
const IDEMPOTENT: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/**
 * The rules of `fetch` in Bun 1.4.5. The idle time is 5 min and cannot be changed. There are 64 idle connections over
 * all origins; beyond that, a returned connection is closed. `Keep-Alive` is never read. An idempotent request is
 * resent once, on a reused connection.
 *
 * Source: oven-sh/bun `src/http/HTTPContext.rs`, `src/http/lib.rs`; measured with 1.4.5. Up to 1.4.0, Bun read
 * `Connection` on 2xx responses only, and kept HTTP/1.0 connections. This preset does not reproduce that.
 *
 * Differences: Bun uses the lowest of its 64 slots, and this preset the connection opened first. Bun resends a request
 * even after half a response head, and this preset never after any byte of a response.
 */
export function bunFetch(): ClientPreset {
  return clientPreset(
    {
      name: "bunFetch",
      system: "Bun fetch",
      versions: "1.4.5",
      source: "oven-sh/bun src/http; measured with 1.4.5",
    },
    {
      idleTimeout: "5m",
      maxConnections: 256,
      maxConnectionsPerOrigin: 256,
      maxIdle: 64,
      evictIdle: "returned",
      acquireTimeout: Infinity,
      reuseOrder: "oldest",
      persistence: allLines,
      retry: methodsOnReused(IDEMPOTENT, 1),
    },
  );
}
