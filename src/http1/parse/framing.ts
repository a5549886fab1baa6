/** Framing: where a response ends, and whether its connection can be reused afterwards (RFC 9112 §6.3, §9.3). */

import type { RetireReason } from "../../contract/reasons.ts";
import { peerExcerpt } from "../../contract/secrets.ts";
import { trimWhitespace } from "../../rules/optional-whitespace.ts";
import { parseConnection, persists } from "../../rules/persistence.ts";
import { remoteFault } from "./fault.ts";
import type { Http1Head } from "./head.ts";

/** How the body is delimited. */
export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly length: number }
  | { readonly kind: "chunked" }
  /** The body ends with the connection. */
  | { readonly kind: "close" };

const NONE: Framing = { kind: "none" };
const CHUNKED: Framing = { kind: "chunked" };
const UNTIL_CLOSE: Framing = { kind: "close" };

/** Whether another response follows. A status below 100 is taken for a final one, like one of 5xx (RFC 9110 §15). */
export function isInterim(status: number): boolean {
  return status >= 100 && status < 200;
}

/** The length that a head announces: 0 where there is no body, `undefined` where it does not say. */
export function bodyLength(framing: Framing): number | undefined {
  if (framing.kind === "length") return framing.length;
  return framing.kind === "none" ? 0 : undefined;
}

/**
 * How the body of a response to `method` is delimited. The numbers are the cases of RFC 9112 §6.3.
 *
 * @throws {ProtocolError} for any transfer coding but `chunked` or `identity` alone, because no other is offered in `TE`.
 */
export function framingOf(head: Http1Head, method: string): Framing {
  // 1. Responses to HEAD, 1xx, 204 and 304 have no body, whatever the fields say.
  const { status } = head;
  if (method === "HEAD" || isInterim(status) || status === 204 || status === 304) return NONE;
  // 2. A tunnel follows the head of a 2xx to CONNECT, whatever the fields say.
  if (method === "CONNECT" && status >= 200 && status < 300) return NONE;
  // 3. and 4. Transfer-Encoding overrides Content-Length.
  if (head.transferEncoding !== undefined) {
    const coding = trimWhitespace(head.transferEncoding).toLowerCase();
    if (coding === "chunked") return CHUNKED;
    // 4. No `chunked` at the end: until close. RFC 2616 §3.6 had `identity`, which changes nothing, and servers still send it.
    if (coding === "identity") return UNTIL_CLOSE;
    throw remoteFault(
      "bad-transfer-encoding",
      `Transfer-Encoding is neither "chunked" nor "identity": "${peerExcerpt(head.transferEncoding, 40)}"`,
    );
  }
  // 6. A valid Content-Length. 5. An invalid one was refused before.
  if (head.contentLength === 0) return NONE;
  if (head.contentLength !== undefined) return { kind: "length", length: head.contentLength };
  // 8. Neither.
  return UNTIL_CLOSE;
}

/**
 * The head as it may be shown to users and passed on. With Transfer-Encoding the Content-Length is meaningless and removed,
 * because a message with both can be read in two ways (RFC 9112 §6.3). `chunked` is spelled in lower case, as servers expect.
 * Whether the connection is reused still depends on the original head.
 */
export function passable(head: Http1Head): Http1Head {
  const { transferEncoding, contentLength, text } = head;
  if (transferEncoding === undefined || (transferEncoding === "chunked" && contentLength === undefined))
    return head;
  const isChunked = trimWhitespace(transferEncoding).toLowerCase() === "chunked";
  const spelled = isChunked ? text.replace(CODING_LINE, "transfer-encoding: chunked\r\n") : text;
  return { ...head, text: spelled.replace(LENGTH_LINES, "") };
}

/** These lines are never folded: the head reader refuses that in fields that frame the message. */
const LENGTH_LINES = /^content-length:[^\r\n]*\r\n/gim;
const CODING_LINE = /^transfer-encoding:[^\r\n]*\r\n/im;

/** Why the connection cannot be reused whatever was announced: the end of the response is open to doubt. */
export function framingEnd(
  { transferEncoding, contentLength, minorVersion }: Http1Head,
  framing: Framing,
): RetireReason | undefined {
  // RFC 9112 §6.1: on HTTP/1.0 a transfer coding is faulty framing, and both fields together ought to be.
  if (transferEncoding !== undefined && (minorVersion === 0 || contentLength !== undefined))
    return "bad-framing";
  return framing.kind === "close" ? "not-persistent" : undefined;
}

/** Why the connection ends by what the peer announced and by its version (RFC 9112 §9.3), or `undefined`. */
export function announcedEnd({ connection, minorVersion }: Http1Head): RetireReason | undefined {
  if (connection === undefined) return minorVersion === 0 ? "not-persistent" : undefined;
  if (connection === "keep-alive" || connection === "Keep-Alive") return undefined;
  const options = parseConnection(connection);
  if (options.close) return "peer-close";
  return persists(minorVersion, options) ? undefined : "not-persistent";
}
