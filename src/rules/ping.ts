/**
 * Ping: when a PING is due on an HTTP/2 connection, and when its answer is late (RFC 9113 §6.7). It finds a peer that has vanished
 * while a request waits for it, where TCP alone would take minutes.
 *
 * Laws, each with a property test: nothing is due before `interval` of silence; whatever is heard puts off both times; at most
 * one PING is unanswered; an idle connection is not pinged unless the rule says so; each wish for calm doubles the interval.
 */

/** The option `ping`. */
export interface PingRule {
  /** Silence after which a PING goes. */
  readonly intervalMs: number;
  /** How long the answer may take. Anything that is heard counts, as in Envoy: the peer is alive. */
  readonly timeoutMs: number;
  /** Whether a connection without a request is pinged. Servers of gRPC end connections for that (`too_many_pings`). */
  readonly whileIdle: boolean;
}

/** What is known of a connection. */
export interface PingFacts {
  /** When anything was heard of the peer last. */
  readonly heardAt: number;
  /** When the PING was sent that nothing has answered yet. */
  readonly pingedAt: number | undefined;
  readonly isIdle: boolean;
  /** How often the peer of this origin asked for calm (ENHANCE_YOUR_CALM). */
  readonly calmed: number;
}

/** Further wishes for calm change nothing: the interval is a thousandfold by then. */
const MOST_CALMED = 10;

/** The interval of an origin whose peer asked for calm `calmed` times. */
export function pingIntervalMs({ intervalMs }: PingRule, calmed: number): number {
  return intervalMs * 2 ** Math.min(calmed, MOST_CALMED);
}

/**
 * When the next PING is due; `Infinity` for never as things stand. The time may have passed: the first request after a long
 * silence goes with a PING.
 */
export function pingDueAt({ heardAt, pingedAt, isIdle, calmed }: PingFacts, rule: PingRule): number {
  if (pingedAt !== undefined || (isIdle && !rule.whileIdle)) return Infinity;
  return heardAt + pingIntervalMs(rule, calmed);
}

/** When the answer is late, and the connection is given up; `Infinity` while none is awaited. */
export function pongLateAt({ pingedAt }: PingFacts, { timeoutMs }: PingRule): number {
  return pingedAt === undefined ? Infinity : pingedAt + timeoutMs;
}
