/** Chrome, with the HTTP/1.1 socket pools of Chromium's network stack. */

import { type ClientPreset, clientPreset } from "./client-preset.ts";
import { firstToken } from "./connection-readers.ts";
import { anyMethodOnReusedOr408 } from "./retry-rules.ts";
import { MIB } from "./units.ts";

/**
 * The rules of Chrome 90 and later. The limits are 6 connections per origin and 256 in all (since 2025 Chrome draws a number from
 * 256 to 512 by lot). A used connection is kept for 300 s, an unused one for 60 s. The most recently used connection is used first, an unused one only if there is no
 * other. `Keep-Alive` is never read. If `Connection` has both `keep-alive` and `close`, the first decides. A request on
 * a reused or preconnected connection is resent, **POST included**, after no response or a `408 Request Timeout`.
 *
 * Source: chromium `net/socket/client_socket_pool.cc`, `transport_client_socket_pool.cc`,
 * `net/http/http_network_transaction.cc`, `http_response_headers.cc` (single versions of 2021 to 2025). The limits were measured
 * with Chromium 156: `docs/chrome.md`. Chrome's field trials may change them.
 *
 * Differences: at the limit, this preset closes the stalest idle connection of any origin, and Chrome one of the first
 * group in its map. There is no partition by site, and no second connect attempt beside a slow one. Chrome keeps idle HTTP/2
 * connections for longer than 300 s.
 */
export function chrome(): ClientPreset {
  return clientPreset(
    {
      name: "chrome",
      system: "Chrome",
      versions: "90 and later",
      source: "chromium net/, versions of 2021 to 2025",
      http2: {
        maxStreams: 100,
        whenFull: "waits",
        ping: { intervalMs: 10_000, timeoutMs: 10_000, when: "before a request" },
        streamWindow: 6 * MIB,
        connectionWindow: 15 * MIB,
        ending:
          "above the last id of GOAWAY with NO_ERROR, REFUSED_STREAM, and after a PING without an answer",
        source:
          "chromium net/spdy/spdy_session.cc, net/http/http_network_session.cc, http_network_transaction.cc; measured with 156",
      },
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
