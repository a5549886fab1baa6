/** Fault: what a parser throws when the peer does not speak HTTP/1.1. */

import { ProtocolError, type ProtocolFault } from "../../contract/errors.ts";

/** A fault of the peer. The connection's facts are added where they are known. */
export function remoteFault(
  fault: ProtocolFault,
  message: string,
  phase: "headers" | "body" = "headers",
): ProtocolError {
  return new ProtocolError("remote", fault, { phase, message, sent: "full", retriable: false });
}
