/** Idle: real idle timeouts of real servers, measured so that a busy machine can only make them longer. */

import { assertGreater } from "@std/assert";
import type { RawClient, RawResponse } from "./raw-client.ts";

/** Timers of servers may be early by so much. */
const EARLY_MS = 100;

/** A connection on which both requests were answered. */
export interface UsedTwice {
  readonly raw: RawClient;
  readonly answers: readonly [RawResponse, RawResponse];
  /** When the second was sent, by `performance.now()`: its idle time cannot have begun before. */
  readonly sentAt: number;
}

/**
 * Sends two requests, one after the other. If the machine stood still between them for `idleMs`, the server is right
 * to close, and it is tried on another connection.
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

/** Waits for the server to close an idle connection, and fails when that was sooner than the rule says. */
export async function assertIdleAtLeast({ raw, sentAt }: UsedTwice, idleMs: number): Promise<void> {
  assertGreater((await raw.end()) - sentAt, idleMs - EARLY_MS, "closed too early");
}
