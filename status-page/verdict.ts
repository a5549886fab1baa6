/** Verdict: says in words how the pool does. Pure: from the numbers of the page to sentences, the gravest first. */

import type { RetireReason } from "../src/contract/reasons.ts";
import type { Bucket, OriginRow, Totals } from "../src/hono/status/protocol.ts";
import { count, countOf, share } from "./format.ts";
import { REASON_TEXTS } from "./reason-texts.ts";

/** How grave a finding is. `quiet`: nothing happens. */
export type Tone = "quiet" | "good" | "look" | "trouble";

/** One sentence, and how grave it is. */
export interface Finding {
  readonly tone: Tone;
  readonly text: string;
}

/** What the page says at its top. */
export interface Verdict {
  readonly tone: Tone;
  readonly headline: string;
  readonly findings: readonly Finding[];
}

/** The numbers that the verdict is about. */
export interface VerdictFacts {
  readonly totals: Totals;
  readonly origins: readonly OriginRow[];
  /** The last five minutes. */
  readonly history: Iterable<Bucket>;
}

/** Below this share of reused connections, something keeps connections from being used again. */
const LOW_REUSE = 0.5;

/** Fewer requests say little about reuse: the first of each origin always opens a connection. */
const FEW_REQUESTS = 20;

/** Failures from this share on are trouble, below it worth a look. */
const MANY_FAILURES = 0.01;

/** The most origins that are named for one finding. */
const NAMED = 2;

/** Sums of the history. */
interface Sums {
  requests: number;
  reused: number;
  failed: number;
  retried: number;
  readonly retired: Map<RetireReason, number>;
}

/** How the pool does. */
export function verdict({ totals, origins, history }: VerdictFacts): Verdict {
  const sums = sum(history);
  const found = [
    waiting(totals, origins),
    failures(sums),
    resends(sums),
    lowReuse(sums),
    ...limits(origins),
  ].filter((finding) => finding !== undefined);
  const findings = found.sort((a, b) => GRAVITY.indexOf(b.tone) - GRAVITY.indexOf(a.tone));
  const worst = findings[0]?.tone;
  const calm: Tone = sums.requests > 0 ? "good" : "quiet";
  const tone = worst === "look" || worst === "trouble" ? worst : calm;
  return { tone, headline: headline(sums, totals), findings };
}

const GRAVITY: readonly Tone[] = ["quiet", "good", "look", "trouble"];

function headline({ requests, reused }: Sums, { open }: Totals): string {
  const connections = `${countOf(open, "connection")} ${open === 1 ? "is" : "are"} open`;
  if (requests === 0) return `No request in the last five minutes; ${connections}`;
  const asked = `${countOf(requests, "request")} in the last five minutes`;
  return `${share(reused, requests)} reused: ${asked}; ${connections}`;
}

function waiting({ queued }: Totals, origins: readonly OriginRow[]): Finding | undefined {
  if (queued === 0) return undefined;
  const where = origins.filter((row) => row.queued > 0).map(({ origin }) => hostOf(origin));
  const text = `${countOf(queued, "request")} ${queued === 1 ? "waits" : "wait"} for a free connection${named(where, " to ")}`;
  return { tone: "trouble", text };
}

function failures({ failed, requests: all }: Sums): Finding | undefined {
  if (failed === 0) return undefined;
  const tone = failed >= MANY_FAILURES * Math.max(1, all) ? "trouble" : "look";
  return { tone, text: `${countOf(failed, "request")} failed` };
}

function resends({ retried }: Sums): Finding | undefined {
  if (retried === 0) return undefined;
  const [was, theirs] = retried === 1 ? ["was", "its connection"] : ["were", "their connections"];
  const text = `${countOf(retried, "request")} ${was} sent again, because ${theirs} had ended`;
  return { tone: "look", text };
}

function lowReuse({ requests: all, reused, retired }: Sums): Finding | undefined {
  if (all < FEW_REQUESTS || reused >= LOW_REUSE * all) return undefined;
  const [most] = [...retired].sort(([, a], [, b]) => b - a);
  if (most === undefined) return undefined;
  return {
    tone: "look",
    text: `Few connections are used again. Most ended as ${most[0]}: ${REASON_TEXTS[most[0]]}`,
  };
}

/** Limits that servers have and do not announce: what the pool found out. */
function limits(origins: readonly OriginRow[]): Finding[] {
  const learned = origins.filter((row) => row.learned !== undefined);
  const shown = learned.slice(0, NAMED).map(
    ({ origin, learned }): Finding => ({
      tone: "good",
      text: `${hostOf(origin)} closes idle connections after about ${learned}; the pool ends them before`,
    }),
  );
  const more = learned.length - shown.length;
  if (more > 0)
    shown.push({ tone: "good", text: `The limits of ${countOf(more, "more origin")} are learned as well` });
  return shown;
}

function named(hosts: readonly string[], before: string): string {
  if (hosts.length === 0) return "";
  const more = hosts.length - NAMED;
  return `${before}${hosts.slice(0, NAMED).join(" and ")}${more > 0 ? ` and ${count(more)} more` : ""}`;
}

/** Origins are long. In a sentence the host says enough. */
function hostOf(origin: string): string {
  return origin.replace(/^https?:\/\//, "");
}

function sum(history: Iterable<Bucket>): Sums {
  const sums: Sums = { requests: 0, reused: 0, failed: 0, retried: 0, retired: new Map() };
  for (const { requests, reused, failed, retried, retired } of history) {
    sums.requests += requests;
    sums.reused += reused;
    sums.failed += failed;
    sums.retried += retried;
    for (const [reason, times] of Object.entries(retired) as [RetireReason, number][])
      sums.retired.set(reason, (sums.retired.get(reason) ?? 0) + times);
  }
  return sums;
}
