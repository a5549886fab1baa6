/** Response section: collects the fields of a response's head or trailers while their block is decoded (RFC 9113 §8.3.2). */

import type { ProtocolFault } from "../contract/errors.ts";
import { peerExcerpt } from "../contract/secrets.ts";
import type { ResponseHead } from "../contract/wire.ts";
import type { ResponseLimits } from "../options/options.ts";
import { trimWhitespace } from "../rules/optional-whitespace.ts";
import type { FieldSink } from "./hpack/hpack-decoder.ts";

const COLON = 58;
const ZERO = 48;

/** Why a section is malformed. `problem` continues a sentence that begins with the frame. */
export interface SectionFault {
  readonly fault: ProtocolFault;
  readonly problem: string;
}

/** Fields that speak about a connection, which HTTP/2 does not have (§8.2.2). */
const OF_A_CONNECTION: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/** One section at a time. After a fault the rest of the block is decoded for the sake of the table, and ignored. */
export class ResponseSection implements FieldSink {
  status = 0;
  /** The field lines. */
  lines = "";
  contentLength: number | undefined = undefined;
  fault: SectionFault | undefined = undefined;
  #coded = false;
  #count = 0;
  #isHead = true;
  readonly #limits: Required<ResponseLimits>;

  constructor(limits: Required<ResponseLimits>) {
    this.#limits = limits;
  }

  begin(isHead: boolean): void {
    this.#isHead = isHead;
    this.status = 0;
    this.lines = "";
    this.contentLength = undefined;
    this.fault = undefined;
    this.#coded = false;
    this.#count = 0;
  }

  field(name: string, value: string, line: string): void {
    if (this.fault !== undefined) return;
    if (line === "") return this.#refuse("bad-header", `has a malformed field: ${shown(name, value)}`);
    if (name.charCodeAt(0) === COLON) return this.#pseudoField(name, value);
    this.#count += 1;
    this.lines += line;
    if (!this.#fits(line)) return;
    // The names that matter have 7, 10, 14, 16 or 17 letters.
    const { length } = name;
    if (length === 14 && name === "content-length") this.#readLength(value);
    else if (length === 16 && name === "content-encoding") this.#coded = true;
    else if ((length === 7 || length === 10 || length >= 16) && OF_A_CONNECTION.has(name))
      this.#refuse("bad-header", `has a field of HTTP/1.1, ${name}`);
  }

  /** The block is decoded. */
  end(): void {
    if (this.fault === undefined && this.#isHead && this.status === 0)
      this.#refuse("bad-pseudo-header", "has no :status");
  }

  /** The head, whose first line is as long as that of HTTP/1.1, so that all heads can be parsed in the same way. */
  head(): ResponseHead {
    const { status } = this;
    const text = `HTTP/2.0 ${status} \r\n${this.lines}`;
    return { status, httpVersion: "2", text, transferEncoding: undefined, coded: this.#coded };
  }

  #pseudoField(name: string, value: string): void {
    if (!this.#isHead) return this.#refuse("bad-trailer", `has a pseudo-header among the trailers: ${name}`);
    if (name !== ":status") return this.#refuse("bad-pseudo-header", `has ${shown(name, value)}`);
    if (this.status !== 0) return this.#refuse("bad-pseudo-header", "has a second :status");
    if (this.#count > 0) return this.#refuse("bad-pseudo-header", "has :status after other fields");
    this.status = statusOf(value);
    if (this.status === 0) this.#refuse("bad-pseudo-header", `has ${shown(name, value)}`);
  }

  #fits(line: string): boolean {
    const { headBytes, trailerBytes, headerCount, lineBytes } = this.#limits;
    const most = this.#isHead ? headBytes : trailerBytes;
    if (this.lines.length > most)
      this.#refuse(
        this.#isHead ? "head-too-large" : "trailers-too-large",
        `has more than ${most} bytes of fields`,
      );
    else if (line.length - 2 > lineBytes)
      this.#refuse("line-too-long", `has a field of more than ${lineBytes} bytes`);
    else if (this.#count > headerCount)
      this.#refuse("too-many-headers", `has more than ${headerCount} fields`);
    return this.fault === undefined;
  }

  #readLength(value: string): void {
    if (!this.#isHead) return;
    const digits = trimWhitespace(value);
    const length = /^\d{1,16}$/.test(digits) ? Number(digits) : NaN;
    if (Number.isSafeInteger(length) && (this.contentLength === undefined || this.contentLength === length))
      this.contentLength = length;
    else
      this.#refuse(
        "bad-content-length",
        `has an invalid content-length, or two: "${peerExcerpt(value, 40)}"`,
      );
  }

  #refuse(fault: ProtocolFault, problem: string): void {
    this.fault = { fault, problem };
    // What was collected is of no use: an attacker may fill it.
    this.lines = "";
  }
}

/** The status of three digits; 0 for anything else. */
function statusOf(value: string): number {
  if (value.length !== 3) return 0;
  let status = 0;
  for (let at = 0; at < 3; at++) {
    const digit = value.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return 0;
    status = status * 10 + digit;
  }
  return status < 100 ? 0 : status;
}

function shown(name: string, value: string): string {
  return JSON.stringify(peerExcerpt(`${name}: ${value}`, 40));
}
