/** Reuse rules: what must be true of a connection when a request is written on it. */

import type { Link } from "./link.ts";

/** The pool's options, as numbers. */
export interface Terms {
  readonly idleTimeoutMs: number;
  readonly maxRequests: number;
  readonly maxLifetimeMs: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerOrigin: number;
  readonly maxIdle: number;
  readonly maxIdlePerOrigin: number;
  readonly maxQueue: number;
  readonly unsafeReuseMs: number;
  readonly honorsHints: boolean;
  readonly hintMarginMs: number;
  readonly acquireTimeoutMs: number;
  readonly retries: boolean;
}

/** The request that is being written. */
export interface WrittenHead {
  readonly method: string;
  readonly keyed: boolean;
  readonly asksClose: boolean;
  /** It asks for another protocol, and cannot say that it is the last request. */
  readonly upgrade: boolean;
  /** The time by the client's clock. */
  readonly now: number;
}

/** The rule that is broken, or `undefined`. */
export function checkHead(link: Link, head: WrittenHead, terms: Terms): string | undefined {
  if (link.crossed) return undefined;
  if (link.spent !== undefined) return `it should not have been used: ${link.spent}`;
  if (link.request !== 0) return `request ${link.request} has not been answered yet`;
  if (link.requests > terms.maxRequests) return `it is the ${link.requests}th: maxRequests`;
  if (link.left !== undefined && link.left <= 0 && terms.honorsHints)
    return "the server announced that it accepts no other";
  const reusable = terms.maxIdle > 0 && terms.maxIdlePerOrigin > 0;
  const saysLast = head.asksClose || head.upgrade;
  if (!reusable && (link.requests > 1 || !saysLast))
    return "nothing may be kept, so it must say Connection: close";
  if (link.requests === terms.maxRequests && !saysLast) return "the last request does not say so";
  if (head.now - link.openedAt >= terms.maxLifetimeMs && link.idleMs > 0) return "it is too old: maxLifetime";
  return link.idleMs > 0 ? checkIdle(link, head, terms) : undefined;
}

function checkIdle(link: Link, head: WrittenHead, terms: Terms): string | undefined {
  const { idleMs, hintMs, originFacts } = link;
  if (link.suspensions !== link.suspensionsWhenTaken) return "the machine was suspended since";
  if (idleMs >= terms.idleTimeoutMs) return `it was idle for ${idleMs} ms: idleTimeout`;
  if (idleMs >= link.learnedMs) return `it was idle for ${idleMs} ms: the learned limit is ${link.learnedMs}`;
  const hintedMs =
    hintMs === undefined || !terms.honorsHints ? undefined : Math.max(0, hintMs - terms.hintMarginMs);
  if (hintedMs !== undefined && idleMs >= hintedMs)
    return `it was idle for ${idleMs} ms: the server announced ${hintMs}`;
  if (isIdempotent(head.method) || head.keyed) return undefined;
  const learnedMs = link.learnedMs === Infinity ? 0 : link.learnedMs;
  const provenMs = Math.max(
    terms.unsafeReuseMs,
    Math.min(hintedMs ?? 0, 30_000),
    learnedMs,
    originFacts.workedMs,
  );
  return idleMs < provenMs
    ? undefined
    : `${head.method} took a connection idle for ${idleMs} ms, proven only for ${provenMs}`;
}

/** A timer counts whole milliseconds, and fires in the following one. */
const LATE_MS = 2;

/** The rule by which an idle connection should have been closed before now, or `undefined`. */
export function keptTooLong(link: Link, now: number, terms: Terms): string | undefined {
  if (!link.parked || link.ended || link.crossed) return undefined;
  const idleMs = now - link.idleSince;
  if (idleMs > terms.idleTimeoutMs + LATE_MS) return `idle for ${idleMs} ms: idleTimeout`;
  if (now - link.openedAt > terms.maxLifetimeMs + LATE_MS && idleMs > LATE_MS) return "maxLifetime";
  if (link.hintMs === undefined || !terms.honorsHints) return undefined;
  const hintedMs = Math.max(0, link.hintMs - terms.hintMarginMs);
  return idleMs > hintedMs + LATE_MS
    ? `idle for ${idleMs} ms, and the server announced ${link.hintMs}`
    : undefined;
}

/** RFC 9110 §9.2.2, for the methods that the simulation uses. */
export function isIdempotent(method: string): boolean {
  return method !== "POST";
}
