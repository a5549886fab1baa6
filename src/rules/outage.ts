/**
 * Outage: whether the network to an origin was out while requests waited, and is back.
 *
 * TCP doubles its wait with every packet that is not confirmed (RFC 6298 §5.5). After an outage of 10 s what was in flight moves
 * only some seconds later, and so does a connect attempt, whose packets leave after 1, 3, 7 and 15 s (Linux from 6.5: after 1, 2,
 * 3, 4, 5, 7 and 11 s). A new attempt sends one at once. So while an origin is silent, connect attempts are made, which ask nothing of
 * its server. One that gets through at once says that the server is slow. One that gets through after others failed, before an
 * older one, or after it hung, says that the network was out: what waited meanwhile is asked for again.
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
  /** The first of those attempts since the origin was last heard or reached. */
  probingSince: number;
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
    probingSince: 0,
    backAt: -Infinity,
  };
}

/**
 * A connect attempt without an answer for this long may have hung, in ms, and the next one is made. The kernel sends its next
 * packet after 1 s, and the goal is to be back within a second.
 */
export const HUNG_MS = 750;

/** An attempt whose first packet was lost takes 1 s (RFC 6298 §2.1), by a timer that may fire a little early, in ms. */
const LOST_MS = 950;

/** A slow network takes as long for every attempt: this many times the shortest known one is not usual. */
const TIMES_SHORTEST = 4;

/** How long a connect attempt may take until it has hung, in ms; `Infinity` while no attempt to the origin is known to have succeeded. */
export function hungMs(shortestMs: number): number {
  return Math.max(HUNG_MS, TIMES_SHORTEST * shortestMs);
}

/**
 * After so long, in ms, a connect attempt takes longer than it should, so that another is made beside it. An answer takes no less
 * than a packet and back: where answers come fast, the known attempts may have been slow for another reason.
 */
export function unusualMs(known: { readonly roundTripMs: number; readonly answerMs: number }): number {
  return hungMs(Math.min(known.roundTripMs, known.answerMs));
}

/** RFC 8305 §8 gives a connect attempt so long before it tries another address, in ms. */
const PATIENCE_MS = 250;

/** When an outage is over, a connect attempt that has taken this long, in ms, has lost its packet and is made anew. */
export function staleMs(known: { readonly roundTripMs: number; readonly answerMs: number }): number {
  return Math.max(PATIENCE_MS, TIMES_SHORTEST * Math.min(known.roundTripMs, known.answerMs));
}

/**
 * Whether an attempt that gets through has overtaken one that hangs. The packets of that one were lost, whatever is known of how
 * long attempts take: the first ones of a program may have been slow because it was starting.
 */
export function overtakes(begunAt: number, olderBegunAt: number): boolean {
  return begunAt - olderBegunAt >= HUNG_MS;
}

/** A connect attempt that succeeded. */
export interface Reaching {
  readonly tookMs: number;
  /** An older one still hangs. */
  readonly overtook: boolean;
  /** The shortest known time of an attempt. */
  readonly shortestMs: number;
}

/** Whether a connect attempt that succeeded ends an outage. */
export function endsOutage(reach: Reach, { tookMs, overtook, shortestMs }: Reaching): boolean {
  if (reach.reachedAt === -Infinity) return false;
  const hung = tookMs >= Math.max(LOST_MS, TIMES_SHORTEST * shortestMs);
  return hung || overtook || reach.failedAt > reach.reachedAt;
}

/** A connect attempt succeeded. Changes `reach`. Answers whether it ends an outage. */
export function noteReached(reach: Reach, reaching: Reaching, now: number): boolean {
  const isBack = endsOutage(reach, reaching);
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
 * An outage of up to a minute is over for the requests within a second of its end: a failover, a restarted router or a renewed
 * lease takes no longer, and requests that people wait for end within it. So attempts follow one another this long, in ms.
 */
const STEADY_MS = 60_000;

/** Then the pause grows with the silence: what waited through an outage is late by this share of what exceeds a minute. */
const LATE_SHARE = 0.1;

/**
 * The longest pause, in ms. Load balancers ask as often whether a host is healthy, so nobody minds two attempts a minute. TCP
 * itself would wait for up to two minutes (RFC 6298 §2.5 allows a maximum of 60 s or more; Linux has 120 s).
 */
const LONGEST_PAUSE_MS = 30_000;

/** How long to wait for the next attempt, in ms. */
function pauseMs({ probedAt, probingSince }: Reach): number {
  return Math.min(Math.max(HUNG_MS, LATE_SHARE * (probedAt - probingSince - STEADY_MS)), LONGEST_PAUSE_MS);
}

/** A connect attempt is made to see whether the origin can be reached. Changes `reach`. */
export function noteProbed(reach: Reach, now: number): void {
  const isAnswered = Math.max(reach.heardAt, reach.reachedAt) >= reach.probingSince;
  // If nobody asked for a while, it is another silence.
  if (isAnswered || now - reach.probedAt > 2 * LONGEST_PAUSE_MS) reach.probingSince = now;
  reach.probedAt = now;
}

/**
 * When to try whether the origin can be reached, for the sake of a request that was sent at `sentAt`. Where it was reached since,
 * its server is slow. It is tried again, more and more rarely: the network may go out after that. All requests that wait share
 * these attempts.
 */
export function probeAt(reach: Reach, sentAt: number, quietMs: number): number {
  const quietSince = Math.max(sentAt, reach.heardAt);
  const at =
    reach.reachedAt > quietSince
      ? reach.reachedAt + Math.max(AGAIN_MS, quietMs, reach.reachedAt - quietSince)
      : quietSince + quietMs;
  return Math.max(at, reach.probedAt + pauseMs(reach));
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
