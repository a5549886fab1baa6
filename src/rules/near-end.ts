/**
 * Near end: whether a connection is so near its end that the one that will follow it is opened. A connection that carries many requests at a time
 * (HTTP/2) leaves all of them waiting if the next one is opened only when it takes no more. So its successor is opened
 * before, while it still takes what comes.
 *
 * Laws, each with a property test: without limits there is no end; more requests, more leases and a later time never make
 * an end more distant; a connection that carries its first request has no successor.
 */

/** What the decision looks at. */
export interface EndingFacts {
  /** Requests it has carried. */
  readonly requests: number;
  /** Requests that it carries now. */
  readonly leases: number;
  readonly openedAt: number;
  readonly expiresAt: number;
}

/**
 * Times that all present requests may be replaced by others while a connection is opened: TCP and TLS take two to three
 * round trips, and a quick answer takes one.
 */
const TURNS = 4;

/** The successor comes within this last share of a lifetime, but no sooner than {@linkcode LEAD_MS} before its end. */
const LEAD = 0.1;
const LEAD_MS = 5000;

/** Whether an active connection that takes `mostRequests` in all is so near its end that its successor is due. */
export function isNearEnd(facts: EndingFacts, mostRequests: number, now: number): boolean {
  const { requests, leases, openedAt, expiresAt } = facts;
  // One request alone is no traffic that another connection would be for.
  if (requests < 2) return false;
  const left = mostRequests - requests;
  // A limit so small that it is always near counts from its second half on.
  if (left < mostRequests / 2 && left <= TURNS * leases) return true;
  return now >= expiresAt - Math.min(LEAD * (expiresAt - openedAt), LEAD_MS);
}
