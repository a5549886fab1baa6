/**
 * Outage: whether the network to an origin was out while requests waited, and is back.
 *
 * TCP doubles its wait with every packet that is not confirmed (RFC 6298 §5.5). After an outage of 10 s what was in flight moves
 * only some seconds later, and so does a connect attempt, whose packets leave after 1, 3, 7 and 15 s. A new attempt sends one at once.
 * So while an origin is silent, connect attempts are made, which ask nothing of its server. One that gets through at once says that
 * the server is slow. One that gets through after others failed, or after it hung, says that the network was out: what waited
 * meanwhile is asked for again.
 */

/** When an origin was last heard and reached, in ms. */
export interface Reach {
  /** A response began. */
  heardAt: number;
  /** A connect attempt succeeded. */
  reachedAt: number;
  /** A connect attempt failed. */
  failedAt: number;
  /** A connect attempt was asked for, to see whether the origin can be reached. */
  probedAt: number;
  /** An outage was over. */
  backAt: number;
}

/** An origin that was never tried. */
export function neverReached(): Reach {
  return {
    heardAt: -Infinity,
    reachedAt: -Infinity,
    failedAt: -Infinity,
    probedAt: -Infinity,
    backAt: -Infinity,
  };
}

/**
 * A connect attempt without an answer for this long has hung, in ms. The kernel sends its next packet after 1 s, and
 * the goal is to be back within a second.
 */
export const HUNG_MS = 750;

/** A slow network takes as long for every attempt: this many times the shortest known one is not usual. */
const TIMES_SHORTEST = 4;

/** How long a connect attempt may take until it has hung, in ms; `Infinity` while no attempt to the origin is known to have succeeded. */
export function hungMs(shortestMs: number): number {
  return Math.max(HUNG_MS, TIMES_SHORTEST * shortestMs);
}

/** A connect attempt succeeded after `tookMs`: whether that ends an outage. `shortestMs`: the shortest known time of an attempt. */
export function endsOutage(reach: Reach, tookMs: number, shortestMs: number): boolean {
  if (reach.reachedAt === -Infinity) return false;
  return tookMs >= hungMs(shortestMs) || reach.failedAt > reach.reachedAt;
}

/** A connect attempt ended. Changes `reach`. Answers whether it ends an outage. */
export function noteReached(reach: Reach, tookMs: number, shortestMs: number, now: number): boolean {
  const isBack = endsOutage(reach, tookMs, shortestMs);
  reach.reachedAt = now;
  if (isBack) reach.backAt = now;
  return isBack;
}

/** Whether a request that was sent at `sentAt`, and has no answer, waited through an outage for at least `quietMs`. */
export function waitedThroughOutage(reach: Reach, sentAt: number, quietMs: number): boolean {
  return reach.backAt - sentAt >= quietMs;
}

/** An origin that was reached while a request waits for it is tried again so much later, in ms, or after as long again as it was silent. */
const AGAIN_MS = 5000;

/**
 * When to try whether the origin can be reached, for the sake of a request that was sent at `sentAt`. Where it was reached since,
 * its server is slow. It is tried again, more and more rarely: the network may go out after that.
 */
export function probeAt(reach: Reach, sentAt: number, quietMs: number, shortestMs: number): number {
  const quietSince = Math.max(sentAt, reach.heardAt);
  if (reach.reachedAt > quietSince)
    return reach.reachedAt + Math.max(AGAIN_MS, quietMs, reach.reachedAt - quietSince);
  return Math.max(quietSince + quietMs, reach.probedAt + hungMs(shortestMs));
}

/** The kernel's shortest time between two keepalive probes, in ms (tcp(7): `TCP_KEEPINTVL` counts seconds). */
const BETWEEN_PROBES_MS = 1000;

/**
 * Whether an idle connection that is found dead at `now`, after questions without an answer, died alone: the origin was heard or
 * reached while the last of them waited. Otherwise the network may have been out, which would have killed a young one, too.
 */
export function diedAlone(reach: Reach, now: number): boolean {
  return now - Math.max(reach.heardAt, reach.reachedAt) <= BETWEEN_PROBES_MS;
}
