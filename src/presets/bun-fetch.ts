/** Bun fetch: `fetch` of Bun. */

import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { allLines } from "./connection-readers.ts";
import { methodsOnReused } from "./retry-rules.ts";

/** Sent again by Bun. */
const IDEMPOTENT: readonly string[] = ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"];

/**
 * The rules of `fetch` in Bun 1.4.5: 5 min idle, not to be changed; 64 idle connections over all origins, the one that
 * comes back goes; `Keep-Alive` never read; idempotent requests are sent again once, on a reused connection.
 *
 * Source: oven-sh/bun `src/http/HTTPContext.rs`, `src/http/lib.rs`; measured with 1.4.5. Up to 1.4.0, Bun looked at
 * `Connection` on 2xx alone and kept HTTP/1.0 connections: those rules are not here.
 *
 * Not as there: Bun uses the lowest of its 64 slots, here it is the connection opened first; nothing is sent again once
 * part of a response came, where Bun does it after half a head.
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
