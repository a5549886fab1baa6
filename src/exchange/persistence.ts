/** Persistence: asks the user's test whether a connection may carry another request after a response. */

import type { RetireReason } from "../contract/reasons.ts";
import type { PersistenceFacts, PersistenceTest } from "../rules/persistence.ts";

/**
 * Why the connection ends after a response, by the user's test; `announced` is why it ends by what the peer said. The test
 * runs in the socket's callback, where nothing may be thrown. Only `true` keeps the connection: a test that throws, or
 * returns anything else, ends it.
 */
export function endByTest(
  test: PersistenceTest,
  facts: PersistenceFacts,
  announced: RetireReason | undefined,
): RetireReason | undefined {
  return saysYes(test, facts) ? undefined : (announced ?? "not-persistent");
}

function saysYes(test: PersistenceTest, facts: PersistenceFacts): boolean {
  try {
    return test(facts) === true;
  } catch {
    return false;
  }
}
