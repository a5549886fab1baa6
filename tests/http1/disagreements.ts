/**
 * Where Holdfast and Node's parser (llhttp) disagree about a response, and why Holdfast does what it does. Each class
 * names the RFC section that it stands on; a disagreement that fits no class is a bug in one of the two.
 */

import type { Sample } from "./generate.ts";
import type { NodeReading } from "./node-parser.ts";
import { faultOf, type Transcript } from "./transcript.ts";

/** One response as both read it. */
export interface Comparison {
  /** Without what lies behind the response. */
  readonly sample: Sample;
  readonly ours: Transcript;
  readonly node: NodeReading;
}

/** A kind of disagreement. */
export interface Disagreement {
  readonly name: string;
  readonly section: string;
  readonly why: string;
  /** The smallest of its kind. */
  readonly example: Sample;
  /** Not every version of Node that is supported differs from us here. */
  readonly notAlways?: true;
  applies(comparison: Comparison): boolean;
  /**
   * Takes what Node stumbles over out of the bytes, without changing their number: about the rest the two must agree.
   * Absent where it is we who refuse, or where they differ about the connection alone.
   */
  repair?(text: string): string;
}

const get = (...lines: string[]): Sample => ({ method: "GET", text: lines.join("\r\n") });
const head = (...lines: string[]): Sample => ({ method: "HEAD", text: lines.join("\r\n") });

/** Node refused with one of these codes, which differ between its versions, what we took. */
const nodeRefuses = ({ ours, node }: Comparison, codes: RegExp): boolean =>
  ours.complete && node.error !== undefined && codes.test(node.error);

/** We refused with this fault what Node took. */
const weRefuse = ({ ours, node }: Comparison, fault: string): boolean =>
  faultOf(ours) === fault && node.complete;

/** Both took the same message, and differ about its connection. */
const nodeKeeps = ({ ours, node }: Comparison): boolean => ours.complete && node.complete && node.reused;
const nodeCloses = ({ ours, node }: Comparison): boolean => ours.complete && node.complete && !node.reused;

const HEADS = /^(?:HTTP\/1\.\d 1\d\d[\s\S]*?\r\n\r\n)*[\s\S]*?(?:\r\n\r\n|$)/;
const INTERIM = /^(?:HTTP\/1\.\d 1\d\d[\s\S]*?\r\n\r\n)*/;
const LENGTHS = /^HPE_(UNEXPECTED|INVALID)_(CONTENT_LENGTH|TRANSFER_ENCODING)$/;
const CHUNKS = /^HPE_(STRICT|INVALID_CHUNK_SIZE|INVALID_CONSTANT)$/;

/** All heads of a text, 1xx included. */
const headsOf = (text: string): string => HEADS.exec(text)?.[0] ?? "";

/** Whether a reason holds what none may hold. */
function hasOddReason(text: string): boolean {
  const reasons = [...text.matchAll(/HTTP\/1\.\d \d{3}([^\r\n]*)\r\n/g)].map(([, reason = ""]) => reason);
  const codes = [...reasons.join("")].map((character) => character.charCodeAt(0));
  return codes.some((code) => (code < 32 && code !== 9) || code === 127);
}

export const DISAGREEMENTS: readonly Disagreement[] = [
  {
    name: "a later minor version",
    section: "RFC 9110 §2.5",
    why: "A higher minor version is read as the highest one known; Node knows 0.9, 1.0, 1.1 and 2.0 alone.",
    example: get("HTTP/1.2 204 ", "", ""),
    applies: (seen) => nodeRefuses(seen, /^HPE_INVALID_VERSION$/) && /HTTP\/1\.[2-9]/.test(seen.sample.text),
    repair: (text) => text.replaceAll(/HTTP\/1\.[2-9]/g, "HTTP/1.1"),
  },
  {
    name: "a folded field",
    section: "RFC 9112 §5.2",
    why: "A user agent replaces obs-fold by a space; we do, but in fields that frame or govern the connection.",
    example: get("HTTP/1.1 204 ", "A: b", " c", "", ""),
    applies: (seen) =>
      nodeRefuses(seen, /^HPE_(INVALID_HEADER_TOKEN|UNEXPECTED_SPACE)$/) &&
      /\r\n[ \t]/.test(seen.sample.text),
    repair: (text) => text.replaceAll(/\r\n[ \t]/g, "   "),
  },
  {
    name: "Transfer-Encoding together with Content-Length",
    section: "RFC 9112 §6.3 (3)",
    why: "Transfer-Encoding wins; the response is used, and its connection never again.",
    example: get("HTTP/1.1 200 ", "Content-Length: 1", "Transfer-Encoding: chunked", "", "0", "", ""),
    applies: (seen) =>
      nodeRefuses(seen, LENGTHS) &&
      seen.ours.reason === "bad-framing" &&
      /content-length:/i.test(headsOf(seen.sample.text)),
    repair: (text) =>
      text.replace(HEADS, (heads) => heads.replaceAll(/\bcontent-length:/gi, "-ontent-length:")),
  },
  {
    name: "Content-Length more than once, with the same value",
    section: "RFC 9112 §6.3 (5), RFC 9110 §8.6",
    why: "A list or several lines of one valid value may be read as that value.",
    example: get("HTTP/1.1 200 ", "Content-Length: 0", "Content-Length: 0, 0", "", ""),
    applies: (seen) => nodeRefuses(seen, LENGTHS) && /content-length:/i.test(headsOf(seen.sample.text)),
    repair: (text) =>
      text.replace(HEADS, (heads) =>
        heads
          .replaceAll(
            /(content-length:[ \t]*\d+)([^\r]*)/gi,
            (_, first, rest) => first + " ".repeat(rest.length),
          )
          .replaceAll(/(?<=content-length:[\s\S]*)content-length:/gi, "-ontent-length:"),
      ),
  },
  {
    name: "blanks behind a chunk size, without an extension",
    section: "RFC 9112 §7.1",
    why: "The grammar has none; servers pad sizes, llhttp reads it when it is lenient, and nobody reads another size.",
    example: get("HTTP/1.1 200 ", "Transfer-Encoding: chunked", "", "0  ", "", ""),
    applies: (seen) => nodeRefuses(seen, CHUNKS) && /\r\n[0-9a-f]+[ \t]+\r\n/i.test(seen.sample.text),
    repair: (text) =>
      text.replaceAll(
        /(?<=\r\n)([0-9a-f]+)([ \t]+)(?=\r\n)/gi,
        (_, size, blanks) => "0".repeat(blanks.length) + size,
      ),
  },
  {
    name: "a chunk extension with whitespace, or a value that is no token",
    section: "RFC 9112 §7.1.1",
    why: "The grammar has BWS around `;` and `=`, and what is not known is ignored: it cannot move the line's end.",
    example: get("HTTP/1.1 200 ", "Transfer-Encoding: chunked", "", "0; a = b", "", ""),
    applies: (seen) =>
      nodeRefuses(seen, CHUNKS) && /\r\n[0-9a-f]+[ \t]*;[^\r\n]*\r\n/i.test(seen.sample.text),
    repair: (text) =>
      text.replaceAll(
        /(?<=\r\n)([0-9a-f]+)([ \t]*);([^\r\n]*)(?=\r\n)/gi,
        (_, size, blanks, rest) => `${"0".repeat(blanks.length)}${size};${"a".repeat(rest.length)}`,
      ),
  },
  {
    name: "a trailer that frames a message",
    section: "RFC 9110 §6.5.1",
    why: "Trailers never frame a message, so that their values are not read; Node reads a Content-Length there.",
    example: get("HTTP/1.1 200 ", "Transfer-Encoding: chunked", "", "0", "Content-Length: 0", "", ""),
    notAlways: true,
    applies: (seen) => nodeRefuses(seen, LENGTHS) && /content-length:/i.test(seen.ours.trailers),
    repair: (text) => text.replaceAll(/(?<=\r\n\r\n[\s\S]*)content-length:/gi, "-ontent-length:"),
  },
  {
    name: "close, or HTTP/1.0, on an interim response",
    section: "RFC 9112 §9.3, §9.6",
    why: "Whether the connection persists is decided by the final response, not by a 1xx.",
    example: get("HTTP/1.1 103 ", "Connection: close", "", "HTTP/1.1 204 ", "", ""),
    applies: (seen) =>
      (nodeRefuses(seen, /^HPE_CLOSED_CONNECTION$/) || nodeCloses(seen)) &&
      /connection:[^\r]*close|HTTP\/1\.0/i.test(INTERIM.exec(seen.sample.text)?.[0] ?? ""),
    repair: (text) =>
      text.replace(INTERIM, (heads) =>
        heads.replaceAll(/connection:/gi, "xonnection:").replaceAll("HTTP/1.0", "HTTP/1.1"),
      ),
  },
  {
    name: "whitespace behind an option of Connection, or behind chunked",
    section: "RFC 9110 §5.5, §5.6.3",
    why: "Whitespace around a value, space or tab, is no part of it; Node misses a close before a tab, for one.",
    example: get("HTTP/1.1 204 ", "Connection: close\t", "", ""),
    notAlways: true,
    applies: (seen) =>
      (nodeKeeps(seen) || nodeCloses(seen)) &&
      /^(?:connection|transfer-encoding):.*[^ \t:][ \t]+$/im.test(headsOf(seen.sample.text)),
    repair: (text) =>
      text.replace(HEADS, (heads) =>
        heads
          .replaceAll(/((?:connection|transfer-encoding):)([^\r]*?[^ \t\r:])([ \t]+)(?=\r)/gi, "$1$3$2")
          .replaceAll("\t", " "),
      ),
  },
  {
    name: "a bare CR in the status line",
    section: "RFC 9112 §2.2",
    why: "It is invalid or a space, never the end of the line; some versions of Node take it for one.",
    example: get("HTTP/1.1 204 \rA: b", "", ""),
    notAlways: true,
    applies: (seen) =>
      weRefuse(seen, "bad-line-ending") && /HTTP\/1\.\d \d{3}[^\r\n]*\r(?!\n)/.test(seen.sample.text),
  },
  {
    name: "a transfer coding other than chunked, where there is no body",
    section: "RFC 9112 §6.3 (1)",
    why: "Such a response ends with its head, whatever its fields say; some versions of Node refuse it.",
    example: get("HTTP/1.1 204 ", "Transfer-Encoding: x", "", ""),
    notAlways: true,
    applies: (seen) => nodeRefuses(seen, LENGTHS) && seen.ours.framing?.kind === "none",
    repair: (text) =>
      text.replace(HEADS, (heads) => heads.replaceAll(/\btransfer-encoding:/gi, "-ransfer-encoding:")),
  },
  {
    name: "a transfer coding other than chunked",
    section: "RFC 9112 §6.1, §7.4",
    why: "We offer none, so a server must not send one; Node reads until the end of the connection.",
    example: get("HTTP/1.1 200 ", "Transfer-Encoding: x", "", ""),
    applies: (seen) => weRefuse(seen, "bad-transfer-encoding"),
  },
  {
    name: "a control character in the reason",
    section: "RFC 9112 §4",
    why: "A reason-phrase holds visible characters, space, tab and obs-text.",
    example: get("HTTP/1.1 204 a\x01", "", ""),
    applies: (seen) => weRefuse(seen, "bad-status-line") && hasOddReason(seen.sample.text),
  },
  {
    name: "an empty line before a status line",
    section: "RFC 9112 §2.2",
    why: "Only a server may skip one, before a request: before a response it is what nobody asked for.",
    example: get("", "HTTP/1.1 204 ", "", ""),
    applies: (seen) =>
      (weRefuse(seen, "bad-status-line") || weRefuse(seen, "bad-line-ending")) &&
      /(?:^|\r\n\r\n)[\r\n]+HTTP\//.test(seen.sample.text),
  },
  {
    name: "101 without an upgrade",
    section: "RFC 9110 §15.2.2, §7.8",
    why: "A server must not switch protocols unasked; Node takes a 101 without Upgrade for a final response.",
    example: get("HTTP/1.1 101 ", "Content-Length: 0", "", ""),
    applies: (seen) => weRefuse(seen, "unexpected-upgrade"),
  },
  {
    name: "a Content-Length beyond 2^53",
    section: "RFC 9110 §8.6",
    why: "A recipient must not let a large number overflow: beyond 2^53 it would not be exact.",
    example: get("HTTP/1.1 204 ", "Content-Length: 9007199254740993", "", ""),
    applies: (seen) =>
      weRefuse(seen, "bad-content-length") && /content-length:[^\r]*\d{16,}/i.test(seen.sample.text),
  },
  {
    name: "a chunk size of more than 16 digits",
    section: "RFC 9112 §7.1",
    why: "A recipient must bound the size; so many zeros in front of one have no use.",
    example: get("HTTP/1.1 200 ", "Transfer-Encoding: chunked", "", "00000000000000000", "", ""),
    applies: (seen) => weRefuse(seen, "bad-chunk") && /\r\n0[0-9a-f]{16,}/i.test(seen.sample.text),
  },
  {
    name: "a transfer coding on HTTP/1.0",
    section: "RFC 9112 §6.1",
    why: "The framing is faulty, so the connection is closed after the message.",
    example: get("HTTP/1.0 200 ", "Connection: keep-alive", "Transfer-Encoding: chunked", "", "0", "", ""),
    applies: (seen) =>
      nodeKeeps(seen) && seen.ours.reason === "bad-framing" && /HTTP\/1\.0/.test(seen.sample.text),
  },
  {
    name: "close beside keep-alive on HTTP/1.0",
    section: "RFC 9112 §9.3",
    why: "The close option comes first in the algorithm, whatever else is there.",
    example: get("HTTP/1.0 204 ", "Connection: keep-alive, close", "", ""),
    applies: (seen) =>
      nodeKeeps(seen) && seen.ours.reason === "peer-close" && /HTTP\/1\.0/.test(seen.sample.text),
  },
  {
    name: "Proxy-Connection",
    section: "RFC 9112 appendix C.2.2",
    why: "It is no part of HTTP, and means nothing without a proxy; Node reads it like Connection.",
    example: get("HTTP/1.1 204 ", "Proxy-Connection: close", "", ""),
    applies: (seen) =>
      (nodeKeeps(seen)
        ? seen.ours.reason === "not-persistent"
        : nodeCloses(seen) && seen.ours.reason === undefined) &&
      /proxy-connection:/i.test(headsOf(seen.sample.text)),
  },
  {
    name: "no framing fields on a response to HEAD",
    section: "RFC 9112 §6.3 (1), §9.3",
    why: "It ends with its head, so the connection persists; Node takes it for one that ends with the connection.",
    example: head("HTTP/1.1 200 ", "", ""),
    applies: (seen) => nodeCloses(seen) && seen.ours.reason === undefined && seen.sample.method === "HEAD",
  },
];
