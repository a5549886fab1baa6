/** Persistence: asks a user's test whether the connection outlives a response. */

import type { RetireReason } from "../../contract/reasons.ts";
import { parseConnection } from "../../rules/hints.ts";
import type { PersistenceFacts, PersistenceTest } from "../../rules/persistence.ts";
import { linesOf } from "./fields.ts";
import type { ResponseHead } from "./head.ts";

/** A test of the user's, and what it wants to know of the request. */
export interface PersistenceQuestion {
  readonly test: PersistenceTest;
  readonly method: string;
  readonly proxied: boolean;
}

/**
 * Why the connection does not outlive the response, by the user's test. It runs in the socket's callback, where
 * nothing may be thrown: a test that throws, or answers with anything but `true`, has not said that it may.
 */
export function askPersistence(question: PersistenceQuestion, head: ResponseHead): RetireReason | undefined {
  const { test, method, proxied } = question;
  const { status, minorVersion, connection } = head;
  const facts = { method, proxied, status, minorVersion, lines: linesOf(head.text) };
  if (isSure(test, facts)) return undefined;
  return connection !== undefined && parseConnection(connection).close ? "peer-close" : "not-persistent";
}

function isSure(test: PersistenceTest, facts: PersistenceFacts): boolean {
  try {
    return test(facts) === true;
  } catch {
    return false;
  }
}
