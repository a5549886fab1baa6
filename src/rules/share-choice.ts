/** Share choice: which requests may join others on an active connection. */

/**
 * What is known of an active connection:
 *
 * - `"none"`: it had been idle, and nothing has come since. It may be stale.
 * - `"within-limit"`: it had been idle, but provably within the server's limit.
 * - `"alive"`: it had just been opened when it was leased, or has answered one of its present requests.
 */
export type Proof = "none" | "within-limit" | "alive";

/**
 * Whether a request may share an active connection with others. Any request may share one that is alive, unless it wants one
 * alone: a server that stops serving it says which requests it has not touched (GOAWAY, RFC 9113 §6.8).
 */
export function mayShare(
  proof: Proof,
  request: { readonly unsafe: boolean; readonly fresh: boolean; readonly alone?: boolean },
): boolean {
  if (request.alone === true) return false;
  if (request.fresh) return proof === "alive";
  return !request.unsafe || proof !== "none";
}
