/** Connection record: what is remembered of one inbound connection between its requests. */

import type { InboundFacts } from "../../rules/serve.ts";

/** Facts of one inbound connection. */
export interface InboundConnection extends InboundFacts {
  requests: number;
  /** The response that says `Connection: close` has been decided: nothing that follows may be executed. */
  closing: boolean;
  /** Requests that are not answered yet: more than one where the client pipelines. */
  running: number;
  /** When something was last heard of it. */
  seenAt: number;
}

/** A connection that has just been noticed. */
export function newInboundConnection(openedAt: number, expiresAt: number): InboundConnection {
  return { openedAt, expiresAt, requests: 0, closing: false, running: 0, seenAt: openedAt };
}
