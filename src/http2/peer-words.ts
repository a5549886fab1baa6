/** Peer words: what a peer says with a code when it ends a stream or takes no more of them, as the cause of an error. */

import { peerExcerpt } from "../contract/secrets.ts";
import { TransportError } from "../contract/transport.ts";
import { codeName } from "./frames.ts";

/** `debug`: what the peer adds for people. */
export function saidOf(frame: "GOAWAY" | "RST_STREAM", code: number, debug = ""): TransportError {
  const more = debug === "" ? "" : `: "${peerExcerpt(debug)}"`;
  const message = `the peer sent ${frame} with ${codeName(code)}${more}`;
  return new TransportError("reset", message, { reason: codeName(code) });
}
