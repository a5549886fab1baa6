/** Measures idle timeouts of real servers, so that a busy machine can only make them longer. */

import { assertGreater } from "@std/assert";
import type { RawClient, RawResponse } from "./raw-client.ts";

/** A server's timer may fire early by this much. */
const EARLY_MS = 100;

/** A connection that has answered two requests. */
export interface UsedTwice {
  readonly raw: RawClient;
  readonly answers: readonly [RawResponse, RawResponse];
  /** When the second request was sent, by `performance.now()`. The idle time starts after this. */
  readonly sentAt: number;
}

/**
 * Sends two requests, one after the other. If the machine stalls between them for `idleMs`, the server may close. Then
 * it tries again on another connection.
 */
export async function usedTwice(
  open: () => Promise<RawClient>,
  [first, second]: readonly [string, string],
  idleMs: number,
): Promise<UsedTwice> {
  for (;;) {
    const raw = await open();
    const since = performance.now();
    raw.get(first);
    const answer = await raw.response();
    const sentAt = performance.now();
    raw.get(second);
    const next = await raw.response().catch((error) => error as Error);
    if (!(next instanceof Error)) return { raw, answers: [answer, next], sentAt };
    if (!raw.closed) throw next;
    assertGreater(performance.now() - since, idleMs - EARLY_MS, "closed between two requests");
  }
}

/** Waits for the server to close an idle connection, and fails if it closes sooner than the rule says. */
export async function assertIdleAtLeast({ raw, sentAt }: UsedTwice, idleMs: number): Promise<void> {
  assertGreater((await raw.end()) - sentAt, idleMs - EARLY_MS, "closed too early");
}
