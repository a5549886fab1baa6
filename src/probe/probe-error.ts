/** Probe error: why a server could not be measured at all, and what to do about it. */

import { excerpt } from "../contract/excerpt.ts";
import { TransportError } from "../contract/transport.ts";
import type { Outcome } from "./probe-connection.ts";

/** Nothing could be measured. The message is a sentence that names the server and the remedy. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";
  /** Whether the server was reached, and did not answer as it should. */
  readonly isReached: boolean;

  constructor(message: string, options: { readonly cause?: unknown; readonly isReached?: boolean } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.isReached = options.isReached === true;
  }

  /** The server cannot be connected to. */
  static unreachable(origin: string, cause: unknown): ProbeError {
    const why = excerpt(cause instanceof Error ? cause.message : String(cause));
    const isTls = cause instanceof TransportError && cause.kind === "tls";
    return isTls
      ? new ProbeError(`${origin} accepts connections, and TLS with it fails: ${why}`, { cause })
      : new ProbeError(`${origin} cannot be reached: ${why}`, { cause });
  }

  /** The first request had no answer. */
  static noAnswer(origin: string, outcome: Exclude<Outcome, { kind: "answered" | "ponged" }>): ProbeError {
    return new ProbeError(`${origin} ${noAnswerText(outcome)}`, { isReached: true });
  }
}

function noAnswerText(outcome: Exclude<Outcome, { kind: "answered" | "ponged" }>): string {
  switch (outcome.kind) {
    case "silence":
      return "accepts connections and never answers";
    case "faulty":
      return `does not speak HTTP as it should: ${excerpt(outcome.message)}`;
    case "ended":
      return endedText(outcome.ending.said);
  }
}

function endedText(said: string | undefined): string {
  const words = said === undefined ? "" : ` It said "${excerpt(said)}".`;
  return `ended the first connection without an answer: is it another protocol, or https: for http:?${words}`;
}

/** Link-local addresses (RFC 3927, RFC 4291 §2.5.6) and AWS's own: clouds hand out a machine's credentials there. */
const LINK_LOCAL: readonly string[] = [
  "169.254.",
  "::ffff:169.254.",
  // The same as URLs write it, and through NAT64 (RFC 6052).
  "::ffff:a9fe:",
  "64:ff9b::a9fe:",
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
