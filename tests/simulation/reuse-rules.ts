/** Reuse rules: what must be true of a connection when a request is written on it. */

import type { Finding, Judges } from "./judges.ts";
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
export function checkHead(link: Link, head: WrittenHead, terms: Terms, judges: Judges): Finding | undefined {
  if (link.crossed) return undefined;
  const { requests, left, idleMs } = link;
  const isReused = requests > 1;
  const reusable = terms.maxIdle > 0 && terms.maxIdlePerOrigin > 0;
  const saysLast = head.asksClose || head.upgrade;
  const ageMs = head.now - link.openedAt;
  return (
    judges.finds(
      "reused though it is spent",
      isReused,
      link.spent !== undefined,
      () => `it should not have been used: ${link.spent}`,
    ) ??
    judges.finds(
      "two requests at once",
      isReused,
      link.request !== 0,
      () => `request ${link.request} has not been answered yet`,
    ) ??
    judges.finds(
      "maxRequests",
      isReused && terms.maxRequests < Infinity,
      requests > terms.maxRequests,
      () => `it is the ${requests}th: maxRequests`,
    ) ??
    judges.finds(
      "announced number of requests",
      isReused && left !== undefined && terms.honorsHints,
      left !== undefined && left <= 0 && terms.honorsHints,
      "the server announced that it accepts no other",
    ) ??
    judges.finds(
      "nothing may be kept",
      !reusable,
      !reusable && (isReused || !saysLast),
      "nothing may be kept, so it must say Connection: close",
    ) ??
    judges.finds(
      "the last request says so",
      requests === terms.maxRequests,
      requests === terms.maxRequests && !saysLast,
      "the last request does not say so",
    ) ??
    judges.finds(
      "maxLifetime of what is taken",
      idleMs > 0 && ageMs > terms.maxLifetimeMs / 2,
      idleMs > 0 && ageMs >= terms.maxLifetimeMs,
      "it is too old: maxLifetime",
    ) ??
    (idleMs > 0 ? checkIdle(link, head, terms, judges) : undefined)
  );
}

function checkIdle(link: Link, head: WrittenHead, terms: Terms, judges: Judges): Finding | undefined {
  const { idleMs, hintMs, learnedMs, suspensions, suspensionsWhenTaken } = link;
  const hintedMs =
    hintMs === undefined || !terms.honorsHints ? undefined : Math.max(0, hintMs - terms.hintMarginMs);
  const provenMs = Math.max(
    terms.unsafeReuseMs,
    Math.min(hintedMs ?? 0, 30_000),
    learnedMs === Infinity ? 0 : learnedMs,
    link.originFacts.workedMs,
  );
  const isUnsafe = !isIdempotent(head.method) && !head.keyed;
  const wasIdle = `it was idle for ${idleMs} ms: `;
  return (
    judges.finds(
      "idle through a suspension",
      suspensionsWhenTaken > 0,
      suspensions !== suspensionsWhenTaken,
      "the machine was suspended since",
    ) ??
    judges.finds(
      "idleTimeout of what is taken",
      idleMs > terms.idleTimeoutMs / 2,
      idleMs >= terms.idleTimeoutMs,
      `${wasIdle}idleTimeout`,
    ) ??
    judges.finds(
      "learned limit of what is taken",
      learnedMs < Infinity,
      idleMs >= learnedMs,
      `${wasIdle}the learned limit is ${learnedMs}`,
    ) ??
    judges.finds(
      "announced limit of what is taken",
      hintedMs !== undefined,
      hintedMs !== undefined && idleMs >= hintedMs,
      `${wasIdle}the server announced ${hintMs}`,
    ) ??
    judges.finds(
      "POST on an idle connection",
      isUnsafe,
      isUnsafe && idleMs >= provenMs,
      `${head.method} took a connection idle for ${idleMs} ms, proven only for ${provenMs}`,
    )
  );
}

/** A timer counts whole milliseconds, and fires in the following one. */
const LATE_MS = 2;

/** The rule by which a connection should have been closed before now, or `undefined`. */
export function keptTooLong(link: Link, now: number, terms: Terms, judges: Judges): Finding | undefined {
  if (!link.parked || link.ended || link.crossed) return undefined;
  const idleMs = now - link.idleSince;
  const ageMs = now - link.openedAt;
  const hintedMs =
    link.hintMs === undefined || !terms.honorsHints
      ? Infinity
      : Math.max(0, link.hintMs - terms.hintMarginMs);
  return (
    judges.finds(
      "idleTimeout of what is kept",
      idleMs >= terms.idleTimeoutMs,
      idleMs > terms.idleTimeoutMs + LATE_MS,
      `idle for ${idleMs} ms: idleTimeout`,
    ) ??
    judges.finds(
      "maxLifetime of what is kept",
      ageMs > terms.maxLifetimeMs / 2 && idleMs > 0,
      ageMs > terms.maxLifetimeMs + LATE_MS && idleMs > LATE_MS,
      "maxLifetime",
    ) ??
    judges.finds(
      "announced limit of what is kept",
      idleMs >= hintedMs,
      idleMs > hintedMs + LATE_MS,
      `idle for ${idleMs} ms, and the server announced ${link.hintMs}`,
    )
  );
}

/** RFC 9110 §9.2.2, for the methods that the simulation uses. */
export function isIdempotent(method: string): boolean {
  return method !== "POST";
}
