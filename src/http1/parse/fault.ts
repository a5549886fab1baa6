/** Fault: the error that a parser throws for a malformed response. */

import { ProtocolError, type ProtocolFault } from "../../contract/errors.ts";

/** A fault of the peer. The exchange adds the facts of the connection. */
export function remoteFault(
  fault: ProtocolFault,
  message: string,
  phase: "headers" | "body" = "headers",
): ProtocolError {
  return new ProtocolError("remote", fault, { phase, message, sent: "full", retriable: false });
}
