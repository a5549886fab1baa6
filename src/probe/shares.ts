/** Shares: how many of the allowed connections each experiment has at a time. */

/** Connections of one protocol. One more makes the short experiments. */
export interface Shares {
  readonly idle: number;
  readonly unused: number;
  readonly lifetime: number;
  /** Kept warm by TCP keepalive: 0 or 1. */
  readonly warm: number;
}

/** Idle after a request, before the first, steady use, and PING: over HTTP/2 the server says when it leaves. */
const OF_HTTP2: Shares = { idle: 2, unused: 1, lifetime: 1, warm: 0 };
const HTTP2_COUNT = 5;
/** With fewer connections, HTTP/2 is measured when HTTP/1.1 has been. */
const BOTH = 12;

/** What each protocol gets. */
export interface BothShares {
  readonly http1: Shares;
  readonly http2: Shares;
  /** Whether they are measured at the same time. */
  readonly together: boolean;
}

/** How the connections are shared, if HTTP/2 is measured or not. */
export function sharesOf(connections: number, http2: boolean): BothShares {
  const together = http2 && connections >= BOTH;
  const small: Shares = { ...OF_HTTP2, idle: 1 };
  return {
    http1: http1Shares(together ? connections - HTTP2_COUNT : connections),
    http2: connections > HTTP2_COUNT ? OF_HTTP2 : small,
    together,
  };
}

/** Half of them wait after a request. */
function http1Shares(connections: number): Shares {
  const unused = Math.max(1, Math.floor(connections / 7));
  const [lifetime, warm] = connections >= 10 ? [2, 1] : [1, 0];
  const idle = Math.max(1, Math.min(connections >> 1, connections - unused - lifetime - warm - 1));
  return { idle, unused, lifetime, warm };
}
