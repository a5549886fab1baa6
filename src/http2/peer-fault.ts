/** Peer fault: what is thrown while frames are read, when the peer breaks HTTP/2 so that the connection must end. */

import { ProtocolError, type ProtocolFault } from "../contract/errors.ts";
import { CODE, frameName } from "./frames.ts";

/** Ends the connection with GOAWAY (RFC 9113 §5.4.1). */
export class PeerFault {
  /** The code of the GOAWAY. */
  readonly code: number;
  readonly error: ProtocolError;
  /** The stream that the frame was for; 0 for the connection. */
  readonly id: number;

  constructor(code: number, error: ProtocolError, id: number) {
    this.code = code;
    this.error = error;
    this.id = id;
  }
}

/** A frame of this type breaks the protocol. `problem` continues a sentence that begins with its name. */
export function peerFault(
  code: number,
  fault: ProtocolFault,
  type: number,
  id: number,
  problem: string,
): PeerFault {
  return new PeerFault(code, frameError(fault, type, id, problem), id);
}

/** What comes is no frame: the peer answers in HTTP/1.1, if only with an error. */
export function notHttp2(): PeerFault {
  const facts = { phase: "headers", message: "HTTP/2: the peer speaks HTTP/1.1", sent: "full" } as const;
  return new PeerFault(CODE.protocolError, new ProtocolError("remote", "bad-version", facts), 0);
}

/** The error of a request whose response is at fault. The exchange adds the facts of the connection. */
export function frameError(fault: ProtocolFault, type: number, id: number, problem: string): ProtocolError {
  const frame = frameName(type);
  const where = id === 0 ? "" : ` on stream ${id}`;
  const message = `HTTP/2: ${frame}${where} ${problem}`;
  return new ProtocolError("remote", fault, {
    phase: type === 0 ? "body" : "headers",
    message,
    frame,
    sent: "full",
    retriable: false,
  });
}
