/** Judge: compares what a client reports with what the server saw, request by request. */

import { EXCUSED, FATE } from "./ledger.ts";
import { OUTCOME } from "./protocol.ts";
import { isIdempotent, plan } from "./schedule.ts";

export interface Figures {
  readonly requests: number;
  /** Idempotent requests that failed although a resend would have been answered. */
  failedIdempotent: number;
  /** The same, with a body of which the client says that it is too long to be kept for a resend. */
  beyond: number;
  /** POSTs that the server executed more than once. */
  duplicatedPosts: number;
  /** Responses that belong to another request, are incomplete, or belong to a request that was never executed. */
  wrongAnswers: number;
  /** Sockets still open at the server after the client had closed its pool. */
  leaked: number;
  /** Requests with neither response nor error. */
  hung: number;
  /** POSTs whose connection was closed on them. They must not be resent, so they fail. */
  failedPosts: number;
  /** Failures that no client can prevent: a fresh connection without a response, or a response cut in the middle. */
  excused: number;
  /** Wrong responses that no client can recognise, because the bytes crossed the request. */
  crossed: number;
  readonly connections: number;
  readonly elapsedMs: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly samples: readonly string[];
  /** Whether the client can close its connections at all. */
  readonly closes: boolean;
}

export interface Evidence {
  readonly outcomes: Uint8Array;
  readonly executions: Uint8Array;
  readonly fates: Uint8Array;
  readonly seed: number;
  readonly leaked: number;
  readonly connections: number;
  readonly elapsedMs: number;
  readonly errors: Readonly<Record<string, number>>;
  readonly samples: readonly string[];
  readonly closes: boolean;
  /** The longest body that the client can send again. */
  readonly replayBytes?: number;
}

export function judge(evidence: Evidence): Figures {
  const { outcomes, leaked, connections, elapsedMs, errors, samples, closes } = evidence;
  const figures: Figures = {
    requests: outcomes.length,
    failedIdempotent: 0,
    beyond: 0,
    duplicatedPosts: 0,
    wrongAnswers: 0,
    leaked,
    hung: 0,
    failedPosts: 0,
    excused: 0,
    crossed: 0,
    connections,
    elapsedMs,
    errors,
    samples,
    closes,
  };
  for (let index = 0; index < outcomes.length; index++) count(figures, evidence, index);
  return figures;
}

function count(
  figures: Figures,
  { outcomes, executions, fates, seed, replayBytes = Infinity }: Evidence,
  index: number,
): void {
  const [outcome, fate, times] = [outcomes[index], fates[index] ?? 0, executions[index] ?? 0];
  if (outcome === OUTCOME.right && times === 1) return;
  const idempotent = isIdempotent(plan(seed, index).method);
  if (!idempotent && times > 1) figures.duplicatedPosts += 1;
  if (outcome === OUTCOME.right && times === 0) figures.wrongAnswers += 1;
  if (outcome === OUTCOME.wrong) {
    if ((fate & FATE.crossed) !== 0) figures.crossed += 1;
    else figures.wrongAnswers += 1;
  }
  if (outcome === OUTCOME.hung || outcome === OUTCOME.none) figures.hung += 1;
  if (outcome !== OUTCOME.failed) return;
  if ((fate & EXCUSED) !== 0) figures.excused += 1;
  else if (idempotent && plan(seed, index).bodyBytes > replayBytes) figures.beyond += 1;
  else if (idempotent) figures.failedIdempotent += 1;
  else figures.failedPosts += 1;
}

/** Whether the four figures that must be zero are zero, and no request hung. */
export function isFlawless(figures: Figures): boolean {
  const { failedIdempotent, duplicatedPosts, wrongAnswers, leaked, hung } = figures;
  return failedIdempotent + duplicatedPosts + wrongAnswers + leaked + hung === 0;
}
