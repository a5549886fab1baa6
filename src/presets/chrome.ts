/** Chrome: the HTTP/1.1 socket pools of Chromium's network stack. */

import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { firstToken } from "./connection-readers.ts";
import { anyMethodOnReusedOr408 } from "./retry-rules.ts";

/**
 * The rules of Chrome 90 and later: 6 connections per origin and 256 in all; a used one is kept for 300 s, an unused
 * one for 60 s; the one used last first, an unused one only if there is no other; `Keep-Alive` never read; of
 * `keep-alive` and `close` the first in the header decides. A request on a reused or preconnected connection is sent
 * again, **POST included**, when nothing came back, or a `408 Request Timeout`.
 *
 * Source: chromium `net/socket/client_socket_pool.cc`, `transport_client_socket_pool.cc`, `net/http/http_network_transaction.cc`,
 * `http_response_headers.cc` (single versions of 2021 to 2025). Numbers are subject to field trials.
 *
 * Not as there: at the limit the idle connection of any origin that is stalest goes, where Chrome takes the first group
 * of its map; no partition by site, no second connection attempt beside a slow one.
 */
export function chrome(): ClientPreset {
  return clientPreset(
    {
      name: "chrome",
      system: "Chrome",
      versions: "90 and later",
      source: "chromium net/, versions of 2021 to 2025",
    },
    {
      idleTimeout: "300s",
      unusedIdleTimeout: "60s",
      persistence: firstToken,
      maxConnectionsPerOrigin: 6,
      maxConnections: 256,
      acquireTimeout: Infinity,
      reuseOrder: "used-first",
      tcpKeepAlive: { idle: "45s" },
      retry: anyMethodOnReusedOr408,
    },
  );
}
