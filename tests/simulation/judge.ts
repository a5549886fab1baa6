/** Judge: decides whether a failure of a request had a cause, and whether a response belongs to its request. */

import { HoldfastError } from "../../mod.ts";
import type { Finding, Judge, Judges } from "./judges.ts";
import type { Promised, RequestRecord } from "./record.ts";
import { isIdempotent, type Terms } from "./reuse-rules.ts";

/** What else the judge must know. */
export interface Circumstances {
  /** No server gives a cause for a failure. */
  readonly calm: boolean;
  readonly judges: Judges;
  readonly terms: Terms;
  readonly closing: boolean;
  /** A connect attempt has failed at some time. */
  readonly connectsFail: boolean;
  /** The program was blocked, or its machine suspended, at some time. */
  readonly wasInterrupted: boolean;
  readonly tight: boolean;
}

/** Why the failure is wrong, or `undefined`. Sets the outcome. */
export function judgeFailure(record: RequestRecord, error: unknown, at: Circumstances): Finding | undefined {
  const { judges } = at;
  const misuse = record.spec.extras.misuse;
  if (misuse !== undefined && (record.misused || record.spec.upload?.breaks === true) && isOwn(error)) {
    record.outcome = `own: ${misuse}`;
    return undefined;
  }
  if (record.aborted !== undefined && error === record.reason) {
    judges.finds("an abort fails with its reason", true, false, "");
    record.outcome = "aborted";
    return undefined;
  }
  const isAbort = record.aborted === "head" || (record.aborted === "body" && waitsForBody(record));
  const cause = holdfastErrorOf(record, error);
  const named =
    judges.finds(
      "an abort fails with its reason",
      false,
      isAbort,
      () => `was aborted, and failed with ${String(error)} instead of the reason`,
    ) ??
    judges.finds(
      "failures are HoldfastErrors",
      true,
      cause === undefined,
      () => `failed with what is no HoldfastError: ${String(error)}`,
    );
  if (cause === undefined || named !== undefined) return named;
  record.outcome = cause.code;
  if (record.isUnclear) return undefined;
  judges.finds("malformed answers fail", record.malformed || isUndecodable(record), false, "");
  return judgeCode(record, cause, at);
}

/** The error is the caller's own mistake, thrown as it is or as the cause of another error. */
function isOwn(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at.name === "Misused" || (at instanceof HoldfastError && at.code === "ERR_REQUEST_BODY")) return true;
  }
  return false;
}

/** A caller that reads in steps may get an earlier failure after it has aborted. */
function waitsForBody({ spec }: RequestRecord): boolean {
  return spec.reading === "text" || spec.reading === "bytes";
}

/** `request` rejects with a HoldfastError, `fetch` with a TypeError whose cause is one. */
function holdfastErrorOf({ spec }: RequestRecord, error: unknown): HoldfastError | undefined {
  const bare = spec.api === "fetch" && error instanceof TypeError ? error.cause : error;
  return bare instanceof HoldfastError ? bare : undefined;
}

function judgeCode(record: RequestRecord, error: HoldfastError, at: Circumstances): Finding | undefined {
  const { spec } = record;
  const unless = (judge: Judge, allowed: boolean, why: string) =>
    at.judges.finds(judge, true, !allowed, () => `failed: ${error.message}, but ${why}`);
  const patient = (error.elapsedMs ?? 0) >= (error.limitMs ?? 0);
  switch (error.code) {
    case "ERR_POOL_CLOSED":
      return unless("cause of ERR_POOL_CLOSED", at.closing, "nobody closed the pool");
    case "ERR_REQUEST_BODY":
      return unless(
        "cause of ERR_REQUEST_BODY",
        spec.upload?.breaks === true || record.misused,
        "its body was sound",
      );
    case "ERR_REDIRECT":
      return unless(
        "cause of ERR_REDIRECT",
        spec.upload?.kind === "stream",
        "there was no reason not to follow",
      );
    case "ERR_QUEUE_FULL":
      return unless("cause of ERR_QUEUE_FULL", at.tight, "the queue had room");
    case "ERR_ACQUIRE_TIMEOUT":
      return unless(
        "cause of ERR_ACQUIRE_TIMEOUT",
        (at.tight || at.wasInterrupted || at.connectsFail) && patient,
        "there was time to get a connection",
      );
    case "ERR_CONNECT":
    case "ERR_CONNECT_TIMEOUT":
      return unless(
        `cause of ${error.code}`,
        at.connectsFail || at.wasInterrupted,
        "every connect attempt succeeds",
      );
    case "ERR_DECODE":
      // Only FIN ends such a body, so a FIN that comes too early shows as broken coding. A malformed chunk may show
      // so, too.
      return unless(
        "cause of ERR_DECODE",
        isUndecodable(record) || record.malformed || record.promised?.framing === "until-close",
        "its coding was sound",
      );
    case "ERR_REQUEST_TIMEOUT":
      return unless("cause of ERR_REQUEST_TIMEOUT", patient && !at.calm, "there was time");
    case "ERR_HEADERS_TIMEOUT":
    case "ERR_BODY_TIMEOUT":
      return unless(
        `cause of ${error.code}`,
        patient && ((!at.calm && (hadToWait(record, at) || spread(record))) || record.misused),
        "the server was not slow",
      );
    case "ERR_PROTOCOL":
      return unless("cause of ERR_PROTOCOL", record.malformed, "the response was sound");
    case "ERR_CONNECTION_LOST":
      return judgeLost(record, error, at);
    default:
      return at.judges.finds("failures are HoldfastErrors", true, true, `failed: ${error.message}`);
  }
}

function isUndecodable({ spec }: RequestRecord): boolean {
  const { coded } = spec.extras;
  return coded !== undefined && (coded.how === "cut short" || coded.how === "malformed" || coded.chain > 5);
}

function hadToWait(record: RequestRecord, at: Circumstances): boolean {
  const impatient = Object.keys(record.spec.deadlines).length > 0;
  return impatient || record.slow || at.wasInterrupted || record.links.some(({ silent }) => silent);
}

/** Some servers send even a head in pieces, with pauses that add up. Bytes that came show that it was on its way. */
function spread({ links }: RequestRecord): boolean {
  return links.some(({ responded }) => responded);
}

function judgeLost(record: RequestRecord, error: HoldfastError, at: Circumstances): Finding | undefined {
  const { links, spec, resent } = record;
  const { judges, terms } = at;
  const lost = links.findLast(({ ended, serverLeft, dropped }) => dropped || (ended && serverLeft));
  const problem =
    judges.finds(
      "cause of ERR_CONNECTION_LOST",
      true,
      lost === undefined,
      `failed: ${error.message}, which is not true`,
    ) ??
    judges.finds(
      "cause of ERR_CONNECTION_LOST",
      true,
      at.calm,
      `failed: ${error.message}, though every server kept to its limits`,
    );
  if (lost === undefined || problem !== undefined) return problem;
  const repeatable = isIdempotent(spec.method) || spec.keyed;
  const replayable = spec.upload?.kind !== "stream";
  // A connection that waited for its first request can be as stale as a reused one.
  const reused = lost.requests > (lost.dropped ? 0 : 1) || lost.idleMs > 0;
  const untouched = reused && (lost.dropped || !lost.responded);
  return judges.finds(
    "sent again where it may be",
    terms.retries && untouched,
    terms.retries && repeatable && replayable && untouched && resent === 0,
    `failed: ${error.message}, and should have been sent again`,
  );
}

/** The head of a response, and facts about it. */
export interface Answered {
  readonly status: number;
  readonly id: string | null;
}

/** Why the head is wrong, or `undefined`. */
export function judgeHead(
  record: RequestRecord,
  { status, id }: Answered,
  judges: Judges,
): Finding | undefined {
  if (record.isUnclear) return undefined;
  const { promised, promisedBefore, spec } = record;
  return (
    judges.finds(
      "answers belong to their requests",
      true,
      id !== String(spec.id),
      `got the answer to request ${id}`,
    ) ??
    judges.finds(
      "answers come from servers",
      true,
      promised === undefined,
      "was answered though no server did",
    ) ??
    judges.finds(
      "status",
      true,
      status !== promised?.status && promisedBefore.every((before) => before.status !== status),
      () => `got status ${status} for ${promised?.status}`,
    )
  );
}

/** Why a complete body is wrong, or `undefined`. */
export function judgeBody(
  record: RequestRecord,
  body: string,
  expected: (promised: Promised | undefined) => string,
  judges: Judges,
): Finding | undefined {
  const { promised, promisedBefore } = record;
  if (record.isUnclear) return undefined;
  if (promisedBefore.some((before) => body === expected(before))) return undefined;
  const isMalformed = record.malformed || (isUndecodable(record) && promised?.framing !== "none");
  const malformed = judges.finds(
    "malformed answers fail",
    false,
    isMalformed,
    "read a malformed answer as if it were sound",
  );
  if (malformed !== undefined) return malformed;
  const whole = expected(promised);
  // Only FIN ends such a body, so a FIN that comes too early cannot be noticed.
  const isCut = promised?.framing === "until-close" && whole.startsWith(body);
  return judges.finds(
    "bodies belong to their requests",
    body !== "",
    body !== whole && !isCut,
    () => `got a body of ${body.length} bytes that is not the one of ${whole.length} bytes`,
  );
}
