/** Probe error: why a server could not be measured at all, and what to do about it. */

import { excerpt } from "../contract/excerpt.ts";
import type { Outcome } from "./probe-connection.ts";

/** Nothing could be measured. The message is a sentence that names the server and the remedy. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";

  /** The server cannot be connected to. */
  static unreachable(origin: string, cause: unknown): ProbeError {
    const why = cause instanceof Error ? cause.message : String(cause);
    return new ProbeError(`${origin} cannot be reached: ${excerpt(why)}`, { cause });
  }

  /** The first request had no answer. */
  static noAnswer(origin: string, outcome: Exclude<Outcome, { kind: "answered" }>): ProbeError {
    switch (outcome.kind) {
      case "silence":
        return new ProbeError(`${origin} accepts connections and never answers`);
      case "not-http":
        return new ProbeError(`${origin} does not speak HTTP/1: ${excerpt(outcome.message)}`);
      case "ended":
        return new ProbeError(
          `${origin} ended the first connection without an answer: is it another protocol, or https: for http:?`,
        );
    }
  }
}

/** Link-local addresses (RFC 3927, RFC 4291 §2.5.6) and AWS's own: clouds hand out a machine's credentials there. */
const LINK_LOCAL: readonly string[] = [
  "169.254.",
  "::ffff:169.254.",
  "fe8",
  "fe9",
  "fea",
  "feb",
  "fd00:ec2::254",
];

/**
 * Refuses what nobody probes by intention.
 *
 * @throws {ProbeError} for a link-local address without `yes`.
 */
export function checkAddresses(addresses: readonly string[], yes: boolean): void {
  const found = yes ? undefined : addresses.find(isLinkLocal);
  if (found === undefined) return;
  throw new ProbeError(
    `${found} is link-local, where clouds keep the credentials of a machine: say yes to probe it all the same`,
  );
}

/** A name may begin like an address of IPv6, so these need a colon. */
function isLinkLocal(address: string): boolean {
  const lower = address.toLowerCase();
  const isV6 = lower.includes(":");
  return LINK_LOCAL.some((start) => lower.startsWith(start) && (isV6 || start.startsWith("169.")));
}
