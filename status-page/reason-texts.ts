/** Reason texts: what each retire reason means, in a sentence for people who never read the documentation. */

import type { RetireReason } from "../src/contract/reasons.ts";

/** Every reason has a sentence: a new one does not compile without. */
export const REASON_TEXTS: Readonly<Record<RetireReason, string>> = {
  "idle-timeout": "Nobody needed it for as long as idleTimeout allows. This is how connections should end.",
  "max-lifetime": "It reached maxLifetime, so that requests move on to new servers and addresses.",
  "max-requests": "It carried as many requests as maxRequests allows.",
  "hint-timeout": "It was idle for almost as long as the server announced (Keep-Alive: timeout).",
  "hint-max": "It carried as many requests as the server announced (Keep-Alive: max).",
  "learned-limit": "The server has closed others at this age or count, so the pool ended it just before.",
  "single-use": "Its request asked for a connection of its own (reuse: false).",
  replaced: "Its time was nearly over, and another was ready to take its place (minIdle).",
  upgraded: "It became a WebSocket or a tunnel, and belongs to the caller.",
  "peer-close": "The server asked for it with its last response (Connection: close).",
  "peer-closed": "The server closed it. If it was idle, the pool learns the server's limit from it.",
  "no-answer": "It died without a word: a firewall or balancer in between has probably forgotten it.",
  "unsolicited-data": "The server sent bytes that no request had asked for.",
  goaway: "The server takes no further requests on it (GOAWAY of HTTP/2).",
  refused: "The server refused requests although its limit allowed them (HTTP/2).",
  calm: "The server finds that too much is asked of it (ENHANCE_YOUR_CALM of HTTP/2).",
  "ping-timeout": "A ping was not answered in time (HTTP/2).",
  "stream-ids": "The numbers for its requests are used up (HTTP/2).",
  "not-persistent": "The server speaks HTTP/1.0, or marked the end of a body by closing.",
  "bad-framing": "A response was malformed, so nothing after it can be trusted.",
  "unread-body": "The program left a response body unread.",
  "upload-unfinished": "The response was complete before the upload was.",
  aborted: "The program gave a request up, or a deadline passed.",
  "max-idle": "More connections were idle than maxIdle or maxIdlePerOrigin allows.",
  "make-room": "Another origin needed its place within maxConnections.",
  "origin-drained": "The program called drain().",
  "address-gone": "DNS no longer lists its address for the name.",
  "connect-failed": "It could not be opened.",
  slept: "The machine was suspended while it was idle.",
  moved: "The machine is in another network now.",
  "pool-closed": "The pool was closed.",
};

/** The sentence for a reason; none for one that a newer server sends. */
export function reasonText(reason: string): string {
  return reason in REASON_TEXTS ? REASON_TEXTS[reason as RetireReason] : "";
}
